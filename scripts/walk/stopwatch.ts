/** A step, and how long it took. */
export interface Timed {
  step: string;
  seconds: number;
}

/** Notes how long the steps of a walk take; what is done between them does not count. */
export class Stopwatch {
  readonly times: Timed[] = [];

  /** Does a step, and prints its name. */
  async time<Result>(step: string, action: () => Promise<Result>): Promise<Result> {
    console.log(step);
    const started = performance.now();
    const result = await action();
    this.times.push({ step, seconds: (performance.now() - started) / 1000 });
    return result;
  }
}
