import type { Kernel } from "./kernel.ts";

/** Places of {@link WorkerStart.control}. */
export const [BEGUN, DONE] = [0, 1];
/** What {@link DONE} is when a call has failed, and what {@link BEGUN} is when there are no more. */
export const [FAILED, STOPPED] = [-1, -1];
/** How often a thread looks before it sleeps: waking it takes longer than short waits. */
export const LOOKS = 5000;
/** Numbers that describe calls, in all. More calls are made in several runs. */
const CAPACITY = 2 ** 16;
/** Pages of 64 KiB: 4 GiB, all that 32 bits can address. */
const MAX_PAGES = 65536;

/** What a worker is started with. */
export interface WorkerStart {
  module: WebAssembly.Module;
  /** Its own, which the thread that commands it writes and reads between runs. */
  memory: WebAssembly.Memory;
  /** The names of the functions. */
  functions: string[];
  /** int32 [2]: how many runs were begun, and how many are done. */
  control: Int32Array<SharedArrayBuffer>;
  /** Of each call: the function's number, how many arguments it has, and the arguments. A negative number ends the list. */
  calls: Float64Array<SharedArrayBuffer>;
  /** [functions]: the result of the last call of each. */
  results: Float64Array<SharedArrayBuffer>;
}

/**
 * A thread with a kernel and a memory of its own. The calls of its {@link kernel} are noted down, and made by the thread in the
 * next run, while the caller does something else; so they return NaN.
 */
export class KernelWorker {
  readonly kernel: Kernel;
  readonly #worker: Worker;
  readonly #start: WorkerStart;
  #length = 0;
  #runs = 0;

  private constructor(worker: Worker, start: WorkerStart, heapBase: number) {
    this.#worker = worker;
    this.#start = start;
    const noted = start.functions.map((name, i) => [name, (...args: unknown[]) => this.#note(i, args)]);
    this.kernel = { memory: start.memory, heapBase: { value: heapBase }, ...Object.fromEntries(noted) };
  }

  /**
   * @param module The kernel, compiled for shared memory.
   * @throws {Error} If the thread does not start.
   */
  static async start(module: WebAssembly.Module): Promise<KernelWorker> {
    const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
    const shared = (count: number) => new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT);
    const start: WorkerStart = {
      module,
      memory: new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true }),
      functions: functions.map(({ name }) => name),
      control: new Int32Array(shared(1)),
      calls: new Float64Array(shared(CAPACITY)),
      results: new Float64Array(shared(functions.length)),
    };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const heapBase = await new Promise<number>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(`Cannot start a worker: ${message}`));
      worker.postMessage(start);
    });
    return new KernelWorker(worker, start, heapBase);
  }

  /** Begins to make the calls. */
  run(): void {
    this.#start.calls[this.#length] = -1;
    signal(this.#start.control, BEGUN, ++this.#runs);
  }

  /**
   * Waits until they are made.
   *
   * @throws {Error} If one of them has failed.
   */
  wait(): void {
    if (waitFor(this.#start.control, DONE, (value) => value === this.#runs || value === FAILED) === FAILED) {
      throw new Error("Cannot go on training: a worker has failed");
    }
    this.#length = 0;
  }

  /** The result of the last call of a function. */
  result(name: keyof Kernel): number {
    return this.#start.results[this.#start.functions.indexOf(name)];
  }

  /** Ends the thread. */
  stop(): void {
    signal(this.#start.control, BEGUN, STOPPED);
    this.#worker.terminate();
  }

  #note(number: number, args: readonly unknown[]): number {
    if (this.#length + 2 + args.length >= CAPACITY) {
      this.run();
      this.wait();
    }
    this.#start.calls.set([number, args.length, ...args.map(Number)], this.#length);
    this.#length += 2 + args.length;
    return NaN;
  }
}

/** Makes the calls that are noted down. */
export function makeCalls(
  { functions, calls, results }: Pick<WorkerStart, "functions" | "calls" | "results">,
  exports: WebAssembly.Exports,
): void {
  for (let at = 0; calls[at] >= 0; at += 2 + calls[at + 1]) {
    const call = exports[functions[calls[at]]] as (...args: number[]) => number | undefined;
    results[calls[at]] = call(...calls.subarray(at + 2, at + 2 + calls[at + 1])) ?? NaN;
  }
}

/** Writes a value, and wakes the thread that waits for it. */
export function signal(control: WorkerStart["control"], place: number, value: number): void {
  Atomics.store(control, place, value);
  Atomics.notify(control, place);
}

/** Waits for a value that satisfies a condition. */
export function waitFor(
  control: WorkerStart["control"],
  place: number,
  condition: (value: number) => boolean,
): number {
  for (let look = 0;; look++) {
    const value = Atomics.load(control, place);
    if (condition(value)) return value;
    if (look >= LOOKS) Atomics.wait(control, place, value);
  }
}
