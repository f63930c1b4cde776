/*
 * Reads and writes the state of a WebAssembly module, in its binary format (WebAssembly core specification, chapter 5). A module is
 * a list of sections; code is left as it is.
 */
import { Buffer } from "node:buffer";

/** Ids of sections, and the kind of an export, in WebAssembly's binary format. */
const [CUSTOM, GLOBALS, EXPORTS, DATA, DATA_COUNT] = [0, 6, 7, 11, 12];
const GLOBAL_EXPORT = 3;
/** The type of a 32-bit integer, the flag of a global that changes, and the instructions for a constant and the end. */
const [I32, MUTABLE, I32_CONST, END] = [0x7f, 1, 0x41, 0x0b];
/** Whether a segment of data is copied into the memory at the start, or when the module asks for it. */
const [ACTIVE, PASSIVE] = [0, 1];

/**
 * Exports the globals of a module, to read their values.
 *
 * @returns The module, and the names of the exports in the order of the globals.
 * @throws {Error} If one of them is not a mutable 32-bit integer.
 */
export function exportGlobals(wasm: Uint8Array): { module: Uint8Array<ArrayBuffer>; names: string[] } {
  let names: string[] = [];
  const module = withSections(wasm, ({ id, content }) => {
    if (id === GLOBALS) names = Array.from({ length: countGlobals(content) }, (_, i) => `global.${i}`);
    return id === EXPORTS ? withExports(content, names) : undefined;
  });
  return { module, names };
}

/** What a module remembers besides its table. */
export interface WasmState {
  /** What of the memory is not zero, as views of it. */
  memory: Uint8Array[];
  /** The values of all globals, which are mutable 32-bit integers. */
  globals: number[];
}

/**
 * A module that begins in a state in which it was. Its own segments of data become empty: they must be passive, with a flag in the
 * memory which says that they were copied in, as Emscripten's are in a module for threads.
 *
 * @param section The name of a custom section that is added.
 * @param text What is in it.
 * @throws {Error} If it does not count its segments, as a module with passive ones does.
 */
export function withState(
  wasm: Uint8Array,
  { memory, globals }: WasmState,
  section: string,
  text: string,
): Uint8Array<ArrayBuffer> {
  let segments = 0;
  const module = withSections(wasm, ({ id, content }) => {
    if (id === GLOBALS) return globalsOf(globals);
    if (id === DATA) return dataOf(memory, segments);
    if (id !== DATA_COUNT) return undefined;
    segments = Math.max(decodeNumber(content, 0)[0], memory.length); // the code names its own, so that all must be there
    return [Uint8Array.from(encodeNumber(segments))];
  });
  if (segments === 0) throw new Error("its segments of data are not passive");
  const custom = [Uint8Array.from(encodeName(section)), new TextEncoder().encode(text)];
  return concatenated([module, encodeSection(CUSTOM, custom)]);
}

/** The section of globals that are mutable 32-bit integers. */
function globalsOf(values: number[]): Uint8Array[] {
  const globals = values.flatMap((value) => [I32, MUTABLE, I32_CONST, ...encodeSigned(value), END]);
  return [Uint8Array.from([...encodeNumber(values.length), ...globals])];
}

/** The section of data: pieces of a memory, and empty segments up to a number of them. */
function dataOf(pieces: Uint8Array[], segments: number): Uint8Array[] {
  const empty = Array.from({ length: segments - pieces.length }, () => Uint8Array.of(PASSIVE, 0));
  return [
    Uint8Array.from(encodeNumber(segments)),
    ...pieces.flatMap((piece) => [
      Uint8Array.from([
        ACTIVE,
        I32_CONST,
        ...encodeSigned(piece.byteOffset),
        END,
        ...encodeNumber(piece.length),
      ]),
      piece,
    ]),
    ...empty,
  ];
}

/**
 * A module with other sections.
 *
 * @param change Returns the parts of a section's content, or nothing to keep it as it is. It is called in the order of the sections.
 */
function withSections(
  wasm: Uint8Array,
  change: (section: Section) => Uint8Array[] | undefined,
): Uint8Array<ArrayBuffer> {
  const parts = [wasm.subarray(0, 8)]; // the magic number and the version
  for (const section of sections(wasm)) {
    const changed = change(section);
    parts.push(changed === undefined ? section.bytes : encodeSection(section.id, changed));
  }
  return concatenated(parts);
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
function withExports(content: Uint8Array, names: string[]): Uint8Array[] {
  const [count, start] = decodeNumber(content, 0);
  const added = names.flatMap((name, i) => [...encodeName(name), GLOBAL_EXPORT, ...encodeNumber(i)]);
  return [
    Uint8Array.from(encodeNumber(count + names.length)),
    content.subarray(start),
    Uint8Array.from(added),
  ];
}

function encodeSection(id: number, content: Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return concatenated([Uint8Array.from([id, ...encodeNumber(length)]), ...content]);
}

function concatenated(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function encodeName(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...encodeNumber(bytes.length), ...bytes];
}

/** A number in LEB128: seven bits a byte, the low ones first; the high bit says that another byte follows. */
function encodeNumber(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...encodeNumber(Math.floor(value / 128))];
}

/** A signed number in LEB128: the last byte's second highest bit is the sign. */
function encodeSigned(value: number): number[] {
  const [low, rest] = [value & 127, value >> 7];
  const isLast = rest === (low & 64 ? -1 : 0);
  return isLast ? [low] : [low + 128, ...encodeSigned(rest)];
}

/** The number at an index, and the index after it. */
function decodeNumber(bytes: Uint8Array, at: number): [value: number, end: number] {
  const byte = bytes[at];
  if (byte < 128) return [byte, at + 1];
  const [rest, end] = decodeNumber(bytes, at + 1);
  return [byte - 128 + 128 * rest, end];
}
