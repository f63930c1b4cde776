import { Vocabulary } from "./vocabulary.ts";

/** What a file of known names begins with: four letters, and the version of its form. */
export const KNOWN_NAMES_MAGIC: readonly number[] = [0x65, 0x6d, 0x6b, 0x6e, 1]; // "emkn", 1
/** Bytes before the first edge: the magic, three widths, and two counts of four bytes each. */
export const KNOWN_NAMES_HEADER = KNOWN_NAMES_MAGIC.length + 3 + 8;
/** Low bits of an edge: a name ends after it; it is the last one of its node. */
export const ENDS = 1;
export const LAST = 2;
/** How many bits those two take. */
export const FLAG_BITS = 2;
/** After an edge that nothing follows. */
const NOWHERE = -1;

/**
 * The names of a training list, to tell whether a name is one of them. Exact: it takes no new name for a known one, and
 * no known one for new.
 *
 * They are kept as the smallest automaton that reads them and nothing else: names share their beginnings and their
 * endings. The file is its edges as they are, so there is nothing to build at a start: `models/NAME-HASH.known`, written by
 * `trainer/known_names.ts`.
 *
 * Source: Daciuk, Mihov, Watson and Watson, "Incremental construction of minimal acyclic finite-state automata",
 * Computational Linguistics 26(1), 2000.
 */
export class KnownNames {
  /** How many names there are, each counted once. */
  readonly count: number;
  /** The node that an edge leads to (its first edge, 0 for none), its token and its flags, from the high bits down. */
  readonly #edges: Uint32Array;
  readonly #tokenBits: number;
  /** The token of each character, by code point. */
  readonly #tokens: ReadonlyMap<number, number>;

  /**
   * @param bytes The file.
   * @param characters The characters of tokens 1, 2, 3 … as one string: the model's vocabulary.
   * @throws {TypeError} If it is no such file, not a whole one, or made for another vocabulary.
   */
  constructor(bytes: Uint8Array, characters: string) {
    const fail = (reason: string): never => {
      throw new TypeError(`Cannot read a list of known names: ${reason}`);
    };
    if (bytes.length < KNOWN_NAMES_HEADER || KNOWN_NAMES_MAGIC.some((byte, i) => bytes[i] !== byte)) {
      fail("the file does not begin as one does");
    }
    const [tokenBits, targetBits, width] = bytes.subarray(KNOWN_NAMES_MAGIC.length);
    const counts = new DataView(bytes.buffer, bytes.byteOffset + KNOWN_NAMES_HEADER - 8, 8);
    const edgeCount = counts.getUint32(4, true);
    this.count = counts.getUint32(0, true);
    if (bytes.length !== KNOWN_NAMES_HEADER + edgeCount * width) {
      fail(`it should have ${edgeCount} edges of ${width} bytes, and has ${bytes.length} bytes in all`);
    }
    if (tokenBits !== bitsFor(new Vocabulary(characters).size) || targetBits !== bitsFor(edgeCount)) {
      fail(`it was not made for a vocabulary of ${characters.length} characters`);
    }
    this.#tokenBits = tokenBits;
    this.#tokens = new Map(Array.from(characters, (character, i) => [character.codePointAt(0)!, i + 1]));
    this.#edges = new Uint32Array(edgeCount);
    for (let edge = 0, at = KNOWN_NAMES_HEADER; edge < edgeCount; edge++) {
      let packed = 0;
      for (let byte = 0; byte < width; byte++) packed |= bytes[at++] << (8 * byte);
      this.#edges[edge] = packed;
      if (packed >>> (FLAG_BITS + tokenBits) >= edgeCount) fail(`edge ${edge} leads out of the file`);
    }
    if (edgeCount > 0 && !(this.#edges[edgeCount - 1] & LAST)) fail("its last node has no end");
  }

  /** Whether a name, in the form in which the model's vocabulary reads it, is one of them. */
  has(name: string): boolean {
    const edges = this.#edges;
    const targetShift = FLAG_BITS + this.#tokenBits;
    const tokenMask = (1 << this.#tokenBits) - 1;
    let node = edges.length > 0 ? 0 : NOWHERE;
    let ends = false;
    for (let i = 0; i < name.length; i++) {
      const code = name.codePointAt(i)!;
      if (code > 0xffff) i++;
      const token = this.#tokens.get(code);
      if (token === undefined || node === NOWHERE) return false;
      let edge = edges[node];
      while (((edge >>> FLAG_BITS) & tokenMask) !== token) {
        if (edge & LAST) return false;
        edge = edges[++node];
      }
      ends = (edge & ENDS) !== 0;
      node = edge >>> targetShift || NOWHERE; // nothing leads back to the root, the first node
    }
    return ends;
  }
}

/** How many bits the numbers below `count` take, at least 1. */
export function bitsFor(count: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, count - 1)));
}
