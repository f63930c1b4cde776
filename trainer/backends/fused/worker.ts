/* The thread of a KernelWorker. */
import { BEGUN, DONE, FAILED, LOOKS, makeCalls, signal, STOPPED, type WorkerStart } from "./kernel_worker.ts";

/** Milliseconds after which a thread without work waits in a way that lets the process end. */
const PATIENCE = 100;

/** The part of a worker's global scope that this uses; the types of Deno's are not in `lib`. */
const scope = globalThis as unknown as {
  onmessage: (event: { data: WorkerStart }) => void;
  postMessage(message: unknown): void;
  close(): void;
};

scope.onmessage = async ({ data: start }) => {
  const { control, memory } = start;
  const { exports } = await WebAssembly.instantiate(start.module, { env: { memory } });
  scope.postMessage((exports.heapBase as WebAssembly.Global).value);
  for (let run = 1; await begun(control, run) !== STOPPED; run++) {
    try {
      makeCalls(start, exports);
    } catch {
      signal(control, DONE, FAILED);
      break;
    }
    signal(control, DONE, run);
  }
  scope.close();
};

/** Waits until a run begins or there are no more. */
async function begun(control: WorkerStart["control"], run: number): Promise<number> {
  for (let look = 0;; look++) {
    const value = Atomics.load(control, BEGUN);
    if (value === run || value === STOPPED) return value;
    if (look < LOOKS) continue;
    if (Atomics.wait(control, BEGUN, value, PATIENCE) === "timed-out") {
      await Atomics.waitAsync(control, BEGUN, value).value;
    }
  }
}
