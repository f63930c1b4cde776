/*
 * Takes the snapshot of ONNX Runtime Web with which a Worker starts; functions/inference/onnx_snapshot.ts says what it is, and
 * restores it.
 */
import { createHash } from "node:crypto";
import {
  GLOBAL_PREFIX,
  SNAPSHOT_SECTION,
  type SnapshotHeader,
  writeSnapshot,
} from "../functions/inference/onnx_snapshot.ts";
import { openOnnxModel } from "../functions/inference/onnx_model.ts";
import { provideOnnxRuntime, warmUpOnnxRuntime, WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { parseModelCard } from "../shared/model_card.ts";

/** The most memory in a snapshot, in bytes: beyond it, reading it takes longer than what it saves. */
const MAX_BYTES = 2 ** 25;

/** The largest and the smallest blocks of free memory that are cleared, in bytes. */
const [LARGEST_BLOCK, SMALLEST_BLOCK] = [2 ** 20, 64];

/** The granularity of what is left out of a snapshot because it is zero, in bytes. */
const BLOCK = 256;

/** Ids of sections, and the kind of an export, in WebAssembly's binary format. */
const [CUSTOM, GLOBALS, EXPORTS] = [0, 6, 7];
const GLOBAL_EXPORT = 3;
/** The type of a 32-bit integer, and the flag of a global that changes. */
const [I32, MUTABLE] = [0x7f, 1];

/** A module, and a snapshot that fits it. */
export interface TakenSnapshot {
  module: Uint8Array<ArrayBuffer>;
  snapshot: Uint8Array<ArrayBuffer>;
}

/** A model that opens. */
export interface TriedModel {
  /** The text of its card. */
  card: string;
  onnx: Uint8Array<ArrayBuffer>;
}

/**
 * Opens models in this thread, in which ONNX Runtime Web must not have been used yet, and takes a snapshot of it.
 *
 * @param wasm ONNX Runtime Web's WebAssembly.
 * @param glue The JavaScript that comes with it.
 * @param maxBytes The most memory that it may have.
 * @throws {Error} If this build of ONNX Runtime Web is not as expected, or the memory is more than that.
 */
export async function takeOnnxSnapshot(
  wasm: Uint8Array<ArrayBuffer>,
  glue: string,
  models: readonly TriedModel[],
  maxBytes = MAX_BYTES,
): Promise<TakenSnapshot> {
  const id = sha256(wasm);
  const { module, globals: count } = exportGlobals(wasm, id);
  const createSession = exportOf(glue, "_OrtCreateSession");
  const called: string[] = [];
  const handles: number[] = [];
  let exports!: WebAssembly.Exports;
  let memory!: WebAssembly.Memory;
  provideOnnxRuntime(await WebAssembly.compile(module), undefined, {
    pages: 0,
    async instantiate(compiled, imports, created) {
      memory = created;
      ({ exports } = await WebAssembly.instantiate(compiled, imports));
      return Object.fromEntries(
        Object.entries(exports).map(([name, value]) => {
          if (typeof value !== "function") return [name, value];
          return [name, (...values: unknown[]) => {
            if (called.length === 0) called.push(name);
            const result = value(...values);
            if (name === createSession) handles.push(result);
            return result;
          }];
        }),
      );
    },
  });
  const globals = () =>
    Array.from(
      { length: count },
      (_, i) => (exports[GLOBAL_PREFIX + i] as WebAssembly.Global).value as number,
    );
  await warmUpOnnxRuntime();
  handles.length = 0;
  for (const { card, onnx } of models) await openOnnxModel(onnx, parseModelCard(card), WASM_RUNTIME);
  if (handles.length !== models.length) {
    throw new Error(`${models.length} models made ${handles.length} sessions`);
  }
  const [allocate, free] = [exports[exportOf(glue, "_malloc")], exports[exportOf(glue, "_free")]];
  clearFreeMemory(memory, allocate as (size: number) => number, free as (pointer: number) => void);
  const { pieces, bytes } = withoutZeros(new Uint8Array(memory.buffer));
  if (bytes.length > maxBytes) {
    throw new Error(`it has ${bytes.length} bytes; ${maxBytes} at most are read in less time than it saves`);
  }
  const header: SnapshotHeader = {
    module: id,
    pages: memory.buffer.byteLength / 2 ** 16,
    pieces,
    globals: globals(),
    cards: models.filter(isKnownWholly).map(({ card }) => sha256(card)),
    sessions: Object.fromEntries(models.map(({ onnx }, i) => [sha256(onnx), handles[i]])),
    exports: { constructors: called[0], initialize: exportOf(glue, "_OrtInit"), createSession },
  };
  return { module, snapshot: writeSnapshot(header, bytes) };
}

/** Whether a card has nothing but what a server reads, in its order, so that it need not be parsed with the schema again. */
function isKnownWholly({ card }: TriedModel): boolean {
  return JSON.stringify(parseModelCard(card)) === JSON.stringify(JSON.parse(card));
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * The name under which the glue code finds an exported function; the names of the module's exports are short.
 *
 * @throws {Error} If it does not use such a function.
 */
function exportOf(glue: string, name: string): string {
  const found = new RegExp(`\\b${name}=\\w+\\.(\\w+)`).exec(glue);
  if (found === null) throw new Error(`its JavaScript has no ${name}`);
  return found[1];
}

/**
 * Overwrites memory that was freed with zeros, so that the snapshot does not have it. All of it is allocated for that: blocks of
 * each size, the large ones first.
 */
function clearFreeMemory(
  memory: WebAssembly.Memory,
  allocate: (size: number) => number,
  free: (pointer: number) => void,
): void {
  const cannotGrow = () => {
    throw new RangeError("the memory must not grow");
  };
  Object.assign(memory, { grow: cannotGrow }); // the glue code catches it, and there is no block of this size
  const blocks: number[] = [];
  for (let size = LARGEST_BLOCK; size >= SMALLEST_BLOCK; size /= 2) {
    for (let block = allocate(size); block !== 0; block = allocate(size)) {
      new Uint8Array(memory.buffer, block >>> 0, size).fill(0);
      blocks.push(block);
    }
  }
  for (const block of blocks) free(block);
}

/** What of a memory is not zero. */
function withoutZeros(memory: Uint8Array): { pieces: [number, number][]; bytes: Uint8Array } {
  const pieces: [offset: number, length: number][] = [];
  for (let at = 0; at < memory.length; at += BLOCK) {
    if (memory.subarray(at, at + BLOCK).every((byte) => byte === 0)) continue;
    const last = pieces.at(-1);
    if (last !== undefined && last[0] + last[1] === at) last[1] += BLOCK;
    else pieces.push([at, BLOCK]);
  }
  return { pieces, bytes: Buffer.concat(pieces.map(([at, length]) => memory.subarray(at, at + length))) };
}

/**
 * Exports the globals of a module, and gives it a {@link SNAPSHOT_SECTION}.
 *
 * @throws {Error} If one of them is not a mutable 32-bit integer.
 */
function exportGlobals(wasm: Uint8Array, id: string): { module: Uint8Array<ArrayBuffer>; globals: number } {
  const parts = [wasm.subarray(0, 8)]; // the magic number and the version
  let globals = 0;
  for (const { id: section, bytes, content } of sections(wasm)) {
    if (section === GLOBALS) globals = countGlobals(content);
    parts.push(section === EXPORTS ? withExports(content, globals) : bytes);
  }
  parts.push(encodeSection(CUSTOM, [...encodeName(SNAPSHOT_SECTION), ...new TextEncoder().encode(id)]));
  return { module: new Uint8Array(Buffer.concat(parts)), globals };
}

/** A section of a module: all its bytes, and those of its content. */
interface Section {
  id: number;
  bytes: Uint8Array;
  content: Uint8Array;
}

function* sections(wasm: Uint8Array): Generator<Section> {
  for (let at = 8; at < wasm.length;) {
    const [length, start] = decodeNumber(wasm, at + 1);
    const bytes = wasm.subarray(at, start + length);
    yield { id: wasm[at], bytes, content: wasm.subarray(start, start + length) };
    at = start + length;
  }
}

/** The number of globals in their section. */
function countGlobals(content: Uint8Array): number {
  const [count, start] = decodeNumber(content, 0);
  let at = start;
  for (let i = 0; i < count; i++) {
    if (content[at] !== I32 || content[at + 1] !== MUTABLE) {
      throw new Error(`its global ${i} is not a mutable 32-bit integer`);
    }
    // Its value: i32.const, a number, and the end.
    at = decodeNumber(content, at + 3)[1] + 1;
  }
  return count;
}

/** The section of the exports with each global added. */
function withExports(content: Uint8Array, globals: number): Uint8Array {
  const [count, start] = decodeNumber(content, 0);
  const added = Array.from({ length: globals }, (_, i) => [
    ...encodeName(GLOBAL_PREFIX + i),
    GLOBAL_EXPORT,
    ...encodeNumber(i),
  ]);
  return encodeSection(EXPORTS, [
    ...encodeNumber(count + globals),
    ...content.subarray(start),
    ...added.flat(),
  ]);
}

function encodeSection(id: number, content: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...encodeNumber(content.length), ...content]);
}

function encodeName(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...encodeNumber(bytes.length), ...bytes];
}

/** A number in LEB128: seven bits a byte, the low ones first; the high bit says that another byte follows. */
function encodeNumber(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...encodeNumber(Math.floor(value / 128))];
}

/** The number at an index, and the index after it. */
function decodeNumber(bytes: Uint8Array, at: number): [value: number, end: number] {
  const byte = bytes[at];
  if (byte < 128) return [byte, at + 1];
  const [rest, end] = decodeNumber(bytes, at + 1);
  return [byte - 128 + 128 * rest, end];
}
