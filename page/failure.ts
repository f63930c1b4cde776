/** Why there is no answer, in words for who asked. */
export class Failure extends Error {
  override name = "Failure";

  constructor(
    message: string,
    /** What is wrong with which parameter, if the request was. */
    readonly errors: readonly { parameter: string; message: string }[] = [],
    /** After how many seconds it may be asked again, if the server said so. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }

  /** Reads a failure from an answer that is none. */
  static async of(response: Response): Promise<Failure> {
    const problem = await response.json().catch(() => ({}));
    if (response.status === 429) {
      const seconds = Number(response.headers.get("retry-after")) || 10;
      const wait = `${seconds} second${seconds === 1 ? "" : "s"}`;
      return new Failure(
        `The server has had too many questions from here. It answers again in ${wait}.`,
        [],
        seconds,
      );
    }
    const reason = problem.detail ?? `it answered ${response.status}`;
    if (response.status < 500) return new Failure(`${reason}.`, problem.errors);
    const retryAfter = Number(response.headers.get("retry-after")) || undefined;
    return new Failure(`The server cannot answer: ${reason}.`, [], retryAfter);
  }

  /** There is no way to the server. */
  static unreachable(): Failure {
    return new Failure("The server cannot be reached. Is there a connection? What you typed is kept.");
  }

  /** Whatever was thrown, as a failure. */
  static from(error: unknown): Failure {
    if (error instanceof Failure) return error;
    return new Failure((error as Error).message);
  }
}
