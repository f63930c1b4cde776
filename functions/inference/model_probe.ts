import type { ModelFiles } from "./served_model.ts";

/** A model to open, as the worker is sent it. */
export interface ProbeRequest {
  /** ONNX Runtime Web's WebAssembly. */
  wasm: WebAssembly.Module;
  files: ModelFiles;
  /** Where to answer. */
  port: MessagePort;
}

/** What came of it: why the model is broken, or null. */
export type ProbeResult = string | null;

/**
 * Opens models in a worker thread, to find out which are broken. ONNX Runtime Web runs a graph to its end before it
 * returns, so one that does not end stops its thread for good: this one can be terminated, the server's cannot.
 */
export class ModelProbe {
  readonly #wasm: WebAssembly.Module;
  readonly #timeout: number;
  #thread: ProbeThread | null;

  /**
   * @param wasm ONNX Runtime Web's WebAssembly.
   * @param timeout How long a model may take to open, in seconds.
   */
  constructor(wasm: WebAssembly.Module, timeout: number) {
    this.#wasm = wasm;
    this.#timeout = timeout;
    this.#thread = startThread();
  }

  /**
   * Opens a model in the worker.
   *
   * @throws {Error} If it is broken, or does not open within the timeout; the message is the reason.
   */
  async check(files: ModelFiles): Promise<void> {
    this.#thread ??= startThread();
    const reason = await this.#ask(this.#thread, files);
    if (reason === null) return;
    this.end(); // a model that failed may leave ONNX Runtime in any state: the next one gets a new worker
    throw new Error(reason);
  }

  /** Ends the worker and gives its memory back. */
  end(): void {
    this.#thread?.worker.terminate();
    this.#thread = null;
  }

  async #ask({ worker, failed }: ProbeThread, files: ModelFiles): Promise<ProbeResult> {
    const { port1, port2 } = new MessageChannel();
    const { promise: late, resolve } = Promise.withResolvers<string>();
    const reason = `${files.name}.onnx did not answer within ${this.#timeout} s`;
    const timer = setTimeout(() => resolve(reason), 1000 * this.#timeout);
    const answered = new Promise<ProbeResult>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<ProbeResult>) => resolve(data);
    });
    worker.postMessage({ wasm: this.#wasm, files, port: port2 } satisfies ProbeRequest, [port2]);
    try {
      return await Promise.race([answered, late, failed]);
    } finally {
      clearTimeout(timer);
      port1.close();
    }
  }
}

/** A worker, and a promise that resolves with the reason if it fails altogether. */
interface ProbeThread {
  worker: Worker;
  failed: Promise<string>;
}

function startThread(): ProbeThread {
  const worker = new Worker(new URL("./probe_worker.ts", import.meta.url).href, { type: "module" });
  const failed = new Promise<string>((resolve) => {
    worker.onerror = (event) => {
      event.preventDefault(); // otherwise the server ends too
      resolve(`the thread that opens models failed: ${event.message}`);
    };
  });
  return { worker, failed };
}
