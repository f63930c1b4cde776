/*
 * A snapshot of ONNX Runtime Web: its module as it was at build time, when the sessions of some models had been made. Registering the
 * operators and making the sessions is most of a cold start; what they left behind in memory is copied in some milliseconds.
 *
 * What a WebAssembly module remembers is in three places:
 *
 * 1. its linear memory, which scripts/take_onnx_snapshot.ts writes into the module as the data that it begins with;
 * 2. its mutable globals, which begin with the values that they had;
 * 3. its table of functions, which ONNX Runtime does not change once it was made.
 *
 * Emscripten's glue code runs as ever, and makes its own state: only three exports that it calls are replaced. The first two would
 * initialise what is in memory already; the third makes a session, and gives that of the snapshot if it is asked for.
 */
import { sha256 } from "../../shared/sha256.ts";
import type { OnnxRuntime } from "./onnx_model.ts";
import type { Instantiation } from "./onnx_runtime.ts";

/** The custom section in which a module that is a snapshot has its {@link SnapshotHeader}. */
export const SNAPSHOT_SECTION = "edgemore.snapshot";

/** What the bytes of a session of the snapshot begin with, where a model's would be; its handle follows. */
const REFERENCE = new TextEncoder().encode("edgemore.session");

/** What a snapshot says of itself, as JSON. */
export interface SnapshotHeader {
  /** The size of the memory, in pages of 64 KiB. */
  pages: number;
  /** The SHA-256 of the cards of the models that were open. */
  cards: string[];
  /** The handles of the sessions, by the SHA-256 of their models. */
  sessions: Record<string, number>;
  /** The exports that are replaced. */
  exports: { constructors: string; initialize: string; createSession: string };
}

/** ONNX Runtime Web with the sessions of some models. */
export class OnnxSnapshot implements Instantiation {
  readonly #header: SnapshotHeader;
  /** The handles of the sessions that nobody has yet. */
  readonly #sessions: Map<string, number>;

  private constructor(header: SnapshotHeader) {
    this.#header = header;
    this.#sessions = new Map(Object.entries(header.sessions));
  }

  /** Reads the header of a module, or returns null if it is ONNX Runtime Web's ordinary one. */
  static read(module: WebAssembly.Module): OnnxSnapshot | null {
    const [section] = WebAssembly.Module.customSections(module, SNAPSHOT_SECTION);
    return section === undefined ? null : new OnnxSnapshot(JSON.parse(new TextDecoder().decode(section)));
  }

  get pages(): number {
    return this.#header.pages;
  }

  async instantiate(
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
    memory: WebAssembly.Memory,
  ): Promise<WebAssembly.Exports> {
    const { constructors, initialize, createSession } = this.#header.exports;
    const { exports } = await WebAssembly.instantiate(module, imports);
    const create = exports[createSession] as (model: number, length: number, options: number) => number;
    return {
      ...exports,
      [constructors]: () => {},
      [initialize]: () => 0, // no error
      [createSession]: (model: number, length: number, options: number) =>
        referredTo(new Uint8Array(memory.buffer, model, length)) ?? create(model, length, options),
    };
  }

  /**
   * The runtime whose first session of each model of the snapshot is that of the snapshot.
   *
   * @param runtime ONNX Runtime Web, provided with this snapshot.
   */
  runtime({ InferenceSession, ...rest }: OnnxRuntime): OnnxRuntime {
    return {
      ...rest,
      hasTried: (hash) => this.#header.cards.includes(hash),
      InferenceSession: {
        create: async (onnx, options) => {
          const hash = await sha256(onnx as Uint8Array<ArrayBuffer>);
          const handle = this.#sessions.get(hash);
          this.#sessions.delete(hash);
          return await InferenceSession.create(handle === undefined ? onnx : referenceTo(handle), options);
        },
      },
    };
  }
}

/** Bytes that ask for a session instead of being a model. */
function referenceTo(handle: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(REFERENCE.length + 4);
  bytes.set(REFERENCE);
  new DataView(bytes.buffer).setUint32(REFERENCE.length, handle, true);
  return bytes;
}

/** The handle that {@link referenceTo} made bytes of; null if they are a model. */
function referredTo(bytes: Uint8Array): number | null {
  if (bytes.length !== REFERENCE.length + 4 || REFERENCE.some((byte, i) => bytes[i] !== byte)) return null;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(REFERENCE.length, true);
}
