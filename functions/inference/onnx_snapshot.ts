/*
 * A snapshot of ONNX Runtime Web: its memory with the sessions of some models, as they were at build time. Registering the operators
 * and making the sessions is most of a cold start; copying what they left behind in memory takes a few milliseconds.
 *
 * What a WebAssembly module remembers is in three places:
 *
 * 1. its linear memory, which Emscripten's glue code makes and imports, so that it can be filled before the module is instantiated;
 * 2. its mutable globals, which scripts/take_onnx_snapshot.ts exports from the module;
 * 3. its table of functions, which ONNX Runtime does not change once it was made.
 *
 * The glue code runs as ever, and makes its own state: only three exports that it calls are replaced. The first two would
 * initialise what is in the snapshot already; the third makes a session, and gives that of the snapshot if it is asked for.
 */
import { sha256 } from "../../shared/sha256.ts";
import type { OnnxRuntime } from "./onnx_model.ts";
import type { Instantiation } from "./onnx_runtime.ts";

/** The custom section of a module that says which snapshots fit it. */
export const SNAPSHOT_SECTION = "edgemore.snapshot";

/** The name of an exported global is this and its index. */
export const GLOBAL_PREFIX = "edgemore.global.";

/** What the bytes of a session of the snapshot begin with, where a model's would be; its handle follows. */
const REFERENCE = new TextEncoder().encode("edgemore.session");

/** What precedes the memory in a snapshot, as JSON. */
export interface SnapshotHeader {
  /** The text in the module's {@link SNAPSHOT_SECTION}. */
  module: string;
  /** The size of the memory, in pages of 64 KiB. */
  pages: number;
  /** Where in the memory what follows belongs: offset and length in bytes. The rest is zero. */
  pieces: [offset: number, length: number][];
  /** The values of the globals. */
  globals: number[];
  /** The SHA-256 of the cards of the models that were open. */
  cards: string[];
  /** The handles of the sessions, by the SHA-256 of their models. */
  sessions: Record<string, number>;
  /** The exports that are replaced. */
  exports: { constructors: string; initialize: string; createSession: string };
}

/** A snapshot of ONNX Runtime Web that fits a module. */
export class OnnxSnapshot implements Instantiation {
  readonly #header: SnapshotHeader;
  readonly #memory: Uint8Array;
  /** The handles of the sessions that nobody has yet. */
  readonly #sessions: Map<string, number>;

  private constructor(header: SnapshotHeader, memory: Uint8Array) {
    this.#header = header;
    this.#memory = memory;
    this.#sessions = new Map(Object.entries(header.sessions));
  }

  /**
   * Reads a snapshot.
   *
   * @param module The module that is to be instantiated.
   * @param bytes As {@link writeSnapshot} makes them.
   * @returns Null if it is the snapshot of another module.
   */
  static read(module: WebAssembly.Module, bytes: Uint8Array): OnnxSnapshot | null {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const [text, memory] = [bytes.subarray(4, 4 + length), bytes.subarray(4 + length)];
    const header: SnapshotHeader = JSON.parse(new TextDecoder().decode(text));
    const [section] = WebAssembly.Module.customSections(module, SNAPSHOT_SECTION);
    if (new TextDecoder().decode(section) !== header.module) return null; // without a section, of ""
    return new OnnxSnapshot(header, memory);
  }

  get pages(): number {
    return this.#header.pages;
  }

  async instantiate(
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
    memory: WebAssembly.Memory,
  ): Promise<WebAssembly.Exports> {
    const { pieces, globals, exports: { constructors, initialize, createSession } } = this.#header;
    const bytes = new Uint8Array(memory.buffer);
    let from = 0;
    for (const [offset, length] of pieces) {
      bytes.set(this.#memory.subarray(from, from + length), offset);
      from += length;
    }
    // A flag in the memory says that its data was copied in, so that the module does not do it again.
    const { exports } = await WebAssembly.instantiate(module, imports);
    globals.forEach((value, i) => (exports[GLOBAL_PREFIX + i] as WebAssembly.Global).value = value);
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

/** The bytes of a snapshot. */
export function writeSnapshot(header: SnapshotHeader, memory: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(4 + text.length + memory.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(memory, 4 + text.length);
  return bytes;
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
