import type { ModelFiles } from "./served_model.ts";

/** A model to open, as the worker is sent it. */
export interface ProbeRequest {
  /** ONNX Runtime Web's WebAssembly. */
  wasm: WebAssembly.Module;
  files: ModelFiles;
  /** Where to answer. */
  port: MessagePort;
}

/** What the worker answers: first the memory that it computes in, then why the model is broken, or null. */
export type ProbeAnswer = { memory: ArrayBufferLike } | { reason: string | null };

/**
 * Opens models in a worker thread, to find out which are broken. ONNX Runtime Web runs a graph to its end before it
 * returns, so one that does not end stops its thread for good: this one can be ended, the server's cannot.
 */
export class ModelProbe {
  readonly #wasm: Promise<WebAssembly.Module>;
  readonly #timeout: number;
  #thread: ProbeThread | null;

  /**
   * @param wasm ONNX Runtime Web's WebAssembly.
   * @param timeout How long a model may take to open, in seconds.
   */
  constructor(wasm: Promise<WebAssembly.Module>, timeout: number) {
    this.#wasm = wasm;
    this.#timeout = timeout;
    this.#thread = new ProbeThread();
  }

  /**
   * Opens a model in the worker.
   *
   * @throws {Error} If it is broken, or does not open within the timeout; the message is the reason.
   */
  async check(files: ModelFiles): Promise<void> {
    this.#thread ??= new ProbeThread();
    const reason = await this.#thread.open(await this.#wasm, files, this.#timeout);
    if (reason === null) return;
    this.end(); // a model that failed may leave ONNX Runtime in any state: the next one gets a new worker
    throw new Error(reason);
  }

  /** Ends the worker and gives its memory back. */
  end(): void {
    this.#thread?.end();
    this.#thread = null;
  }
}

/** A worker and what is known of it. */
class ProbeThread {
  readonly #worker = new Worker(new URL("./probe_worker.ts", import.meta.url).href, { type: "module" });
  /** Resolves with the reason if the worker fails altogether. */
  readonly #failed: Promise<string>;
  /** What ONNX Runtime computes in, once it has started; it is shared with the worker. */
  #memory: ArrayBufferLike | null = null;
  /** Whether it is computing. */
  #busy = false;

  constructor() {
    this.#failed = new Promise((resolve) => {
      this.#worker.onerror = (event) => {
        event.preventDefault(); // otherwise the server ends too
        resolve(`the thread that opens models failed: ${event.message}`);
      };
    });
  }

  /** Opens a model, and tells why it is broken, or null. */
  async open(wasm: WebAssembly.Module, files: ModelFiles, timeout: number): Promise<string | null> {
    const { port1, port2 } = new MessageChannel();
    const opened = new Promise<string | null>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<ProbeAnswer>) => {
        if ("memory" in data) this.#memory = data.memory;
        else resolve(data.reason);
      };
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(
        () => resolve(`${files.name}.onnx did not answer within ${timeout} s`),
        1000 * timeout,
      );
    });
    this.#busy = true;
    this.#worker.postMessage({ wasm, files, port: port2 } satisfies ProbeRequest, [port2]);
    try {
      const reason = await Promise.race([opened, late, this.#failed]);
      this.#busy = reason !== null;
      return reason;
    } finally {
      clearTimeout(timer);
      port1.close();
    }
  }

  /**
   * Ends the worker. Deno's `terminate` waits for code that never returns, so what WebAssembly computes with is overwritten:
   * the next pointer that it reads is out of bounds, which WebAssembly traps.
   */
  end(): void {
    this.#worker.terminate();
    if (this.#busy && this.#memory !== null) new Uint8Array(this.#memory).fill(0xff);
  }
}
