import type { ModelFiles } from "./served_model.ts";

/** A message to the worker: a model to open. */
export interface ProbeRequest {
  /** ONNX Runtime Web's WebAssembly. */
  wasm: WebAssembly.Module;
  files: ModelFiles;
  /** The port for the answers. */
  port: MessagePort;
}

/** A message from the worker: its WebAssembly memory, when it is created, and then the result. */
export type ProbeAnswer = { memory: ArrayBufferLike } | ProbeResult;

/** The result of opening a model in the worker. */
export interface ProbeResult {
  /** Why the model is broken, or null. */
  reason: string | null;
  /** Whether ONNX Runtime in the worker still works. */
  works: boolean;
}

/**
 * Opens models in a worker thread to find out which are broken. ONNX Runtime Web runs a graph synchronously, so an endless
 * loop blocks its thread for good: a worker can be terminated, the server's own thread cannot.
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
    if (!works) this.end(); // the next model gets a new worker
    if (reason !== null) throw new Error(reason);
  }

  /** Terminates the worker and frees its memory. */
  end(): void {
    this.#thread?.end();
    this.#thread = null;
  }
}

/** A worker and its state. */
class ProbeThread {
  readonly #worker = new Worker(new URL("./probe_worker.ts", import.meta.url).href, { type: "module" });
  /** Resolves if the worker itself fails. */
  readonly #failed: Promise<ProbeResult>;
  /** The WebAssembly memory of the worker's ONNX Runtime, once created; it is shared with this thread. */
  #memory: ArrayBufferLike | null = null;
  /** Whether the worker is opening a model. */
  #busy = false;

  constructor() {
    this.#failed = new Promise((resolve) => {
      this.#worker.onerror = (event) => {
        event.preventDefault(); // otherwise the server exits too
        resolve({ reason: `the thread that opens models failed: ${event.message}`, works: false });
      };
    });
  }

  /** Opens a model in the worker. */
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
   * Terminates the worker. Deno's `terminate` waits for running WebAssembly, even for an endless loop. So the memory of a busy
   * worker is overwritten: the next pointer that it loads is out of bounds and traps.
   */
  end(): void {
    this.#worker.terminate();
    if (this.#busy && this.#memory !== null) new Uint8Array(this.#memory).fill(0xff);
  }
}
