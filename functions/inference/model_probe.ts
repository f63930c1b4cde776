import type { ModelFiles } from "./served_model.ts";

/** A model to open, as the worker is sent it. */
export interface ProbeRequest {
  /** ONNX Runtime Web's WebAssembly. */
  wasm: WebAssembly.Module;
  files: ModelFiles;
  /** Where to answer. */
  port: MessagePort;
}

/**
 * What the worker answers: first the memory that it computes in, then why the model is broken, or null, and whether ONNX
 * Runtime still works.
 */
export type ProbeAnswer = { memory: ArrayBufferLike } | ProbeResult;

export interface ProbeResult {
  reason: string | null;
  works: boolean;
}

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
    const { reason, works } = await this.#thread.open(await this.#wasm, files, this.#timeout);
    if (!works) this.end(); // the next model gets a new one
    if (reason !== null) throw new Error(reason);
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
  /** Resolves if the worker fails altogether. */
  readonly #failed: Promise<ProbeResult>;
  /** What ONNX Runtime computes in, once it has started; it is shared with the worker. */
  #memory: ArrayBufferLike | null = null;
  /** Whether it is computing. */
  #busy = false;

  constructor() {
    this.#failed = new Promise((resolve) => {
      this.#worker.onerror = (event) => {
        event.preventDefault(); // otherwise the server ends too
        resolve({ reason: `the thread that opens models failed: ${event.message}`, works: false });
      };
    });
  }

  /** Opens a model. */
  async open(wasm: WebAssembly.Module, files: ModelFiles, timeout: number): Promise<ProbeResult> {
    const { port1, port2 } = new MessageChannel();
    const opened = new Promise<ProbeResult>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<ProbeAnswer>) => {
        if ("memory" in data) this.#memory = data.memory;
        else resolve(data);
      };
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<ProbeResult>((resolve) => {
      const reason = `${files.name}.onnx did not answer within ${timeout} s`;
      timer = setTimeout(() => resolve({ reason, works: false }), 1000 * timeout);
    });
    this.#busy = true;
    this.#worker.postMessage({ wasm, files, port: port2 } satisfies ProbeRequest, [port2]);
    try {
      const result = await Promise.race([opened, late, this.#failed]);
      this.#busy = !result.works;
      return result;
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
