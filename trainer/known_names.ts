import {
  bitsFor,
  ENDS,
  FLAG_BITS,
  KNOWN_NAMES_HEADER,
  KNOWN_NAMES_MAGIC,
  LAST,
} from "../shared/known_names.ts";
import type { ModelCard } from "../shared/model_card.ts";
import type { Vocabulary } from "../shared/vocabulary.ts";
import { sha256 } from "../shared/sha256.ts";

/** A state of the automaton: the ways on from it, in the order of their tokens. */
interface Node {
  id: number;
  edges: Edge[];
}

/** A way on: a token, the state it leads to, and whether a name ends there. */
interface Edge {
  token: number;
  target: Node;
  ends: boolean;
}

/** The file of a list's names. */
export interface KnownNamesFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** How many different names it holds. */
  names: number;
}

/** What a model's card says of the file. */
export async function describeKnownNames(
  { bytes, names }: KnownNamesFile,
): Promise<NonNullable<ModelCard["known_names"]>> {
  return { names, sha256: await sha256(bytes) };
}

/**
 * Writes the names of a list as the file that {@link KnownNames} reads.
 *
 * @returns null if the list is too long for it: an edge has 32 bits, which is enough for 33 million edges over an
 * alphabet of 26, and for a million over one of 1,000 characters.
 */
export function encodeKnownNames(
  lines: readonly string[],
  vocabulary: Vocabulary,
): KnownNamesFile | null {
  const names = lines.map((line) => vocabulary.encode(line)).sort(compareTokens)
    .filter((name, i, all) => i === 0 || compareTokens(all[i - 1], name) !== 0);
  const nodes = layOut(minimalAutomaton(names));
  const edgeCount = nodes.reduce((sum, { edges }) => sum + edges.length, 0);

  const [tokenBits, targetBits] = [bitsFor(vocabulary.size), bitsFor(edgeCount)];
  const width = Math.ceil((FLAG_BITS + tokenBits + targetBits) / 8);
  if (width > 4) return null;
  const bytes = new Uint8Array(KNOWN_NAMES_HEADER + edgeCount * width);
  bytes.set([...KNOWN_NAMES_MAGIC, tokenBits, targetBits, width]);
  const view = new DataView(bytes.buffer);
  view.setUint32(KNOWN_NAMES_HEADER - 8, names.length, true);
  view.setUint32(KNOWN_NAMES_HEADER - 4, edgeCount, true);

  const starts = new Map<Node, number>();
  let start = 0;
  for (const node of nodes) {
    starts.set(node, start);
    start += node.edges.length;
  }
  let at = KNOWN_NAMES_HEADER;
  for (const { edges } of nodes) {
    edges.forEach(({ token, target, ends }, i) => {
      const flags = (ends ? ENDS : 0) | (i === edges.length - 1 ? LAST : 0);
      const packed = flags | (token << FLAG_BITS) | ((starts.get(target) ?? 0) << (FLAG_BITS + tokenBits));
      for (let byte = 0; byte < width; byte++) bytes[at++] = packed >>> (8 * byte);
    });
  }
  return { bytes, names: names.length };
}

/**
 * The smallest automaton of some names, which come in order and each once: a state that can take no more names is
 * replaced by one that goes on alike, if there is one.
 */
function minimalAutomaton(names: readonly (readonly number[])[]): Node {
  let count = 0;
  const register = new Map<string, Node>();
  /** The states along the last name, the root first. */
  const path: Node[] = [{ id: count++, edges: [] }];
  const settle = (depth: number) => {
    while (path.length > depth) {
      const node = path.pop()!;
      const key = node.edges.map(({ token, target, ends }) => `${token} ${target.id} ${ends}`).join();
      const alike = register.get(key);
      if (alike) path[path.length - 1].edges.at(-1)!.target = alike;
      else register.set(key, node);
    }
  };
  let last: readonly number[] = [];
  for (const name of names) {
    let shared = 0;
    while (shared < last.length && name[shared] === last[shared]) shared++;
    settle(shared + 1);
    for (let i = shared; i < name.length; i++) {
      const target: Node = { id: count++, edges: [] };
      path[i].edges.push({ token: name[i], target, ends: i === name.length - 1 });
      path.push(target);
    }
    last = name;
  }
  settle(1);
  return path[0];
}

/** The states that go on, each once, the root first. */
function layOut(root: Node): Node[] {
  const nodes = new Set([root]);
  for (const { edges } of nodes) { // a set's own loop visits what is added on the way
    for (const { target } of edges) {
      if (target.edges.length > 0) nodes.add(target);
    }
  }
  return [...nodes];
}

function compareTokens(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}
