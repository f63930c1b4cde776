import { BOUNDARY } from "../shared/vocabulary.ts";
import type { Corpus } from "./corpus.ts";
import type { Split } from "./splits.ts";

/** A target at a position where there is nothing to predict, as in makemore.py. */
export const IGNORED = -1;
/** Most positions in one forward pass of an evaluation. */
const MAX_BATCH_POSITIONS = 4096;

/** Rows of tokens, and the tokens that follow them. */
export interface Batch {
  /** [count, time], row-major. */
  tokens: Int32Array<ArrayBuffer>;
  /** [count], the token after each row, or [count, time], the token after each position; {@link IGNORED} is none. */
  targets: Int32Array<ArrayBuffer>;
  count: number;
}

/** Rows of tokens for a forward pass without gradients, and the targets whose NLL its output gives. */
export interface EvaluationBatch {
  /** [count, time], row-major. */
  tokens: Int32Array<ArrayBuffer>;
  count: number;
  /** [targets]: the tokens that follow. */
  targets: Int32Array<ArrayBuffer>;
  /** [targets]: the row of the output, [count, V] or [count * time, V], that predicts each target. */
  rows: Int32Array<ArrayBuffer>;
  /** [targets]: the place of each target among all targets of the examples. */
  places: Int32Array<ArrayBuffer>;
}

/** What a network learns from, or is evaluated on: windows or whole words. */
export interface Examples {
  /** How many windows or words, from which a mini-batch is drawn. */
  readonly count: number;
  /** How many tokens there are to predict. */
  readonly targetCount: number;
  /** The examples with these indices, as one batch. */
  batch(indices: Int32Array): Batch;
  /** All examples, as one batch. */
  all(): Batch;
  /** All examples in order, in batches of at most {@link MAX_BATCH_POSITIONS} positions. */
  batches(): Iterable<Batch>;
  /**
   * All targets, in batches of at most {@link MAX_BATCH_POSITIONS} positions. A window that occurs several times is in one
   * batch once, with all targets that follow it: 3,069,509 windows of a French dictionary are 107,317 different ones.
   */
  evaluationBatches(): Iterable<EvaluationBatch>;
  /** Evenly spaced examples with at most so many targets, or these examples if they have no more. */
  sample(maxTargets: number): Examples;
}

/**
 * Examples for a network with a window: each character with the tokens before it, and the boundary that ends each word.
 *
 * @example
 * ```ts
 * import { WindowExamples } from "./examples.ts";
 *
 * new WindowExamples([[5, 13]], 2); // contexts 0 0, 0 5, 5 13; targets 5, 13, 0
 * ```
 */
export class WindowExamples implements Examples {
  /**
   * All words, each after as many boundaries as a window has tokens, and a boundary at the end. Each window is a part of it, and
   * the token after it is its target; copies of all windows would take several times as much memory.
   */
  #text: Uint16Array;
  /** [count]: where each window begins in the text. */
  #begins: Int32Array;
  #groups?: WindowGroups;

  /** @param words The tokens of each word, without boundaries. */
  constructor(words: readonly (readonly number[])[], readonly contextLength: number) {
    const characters = words.reduce((sum, { length }) => sum + length, 0);
    // Typed arrays begin as zeros, which is the boundary.
    this.#text = new Uint16Array(words.length * contextLength + characters + 1);
    this.#begins = new Int32Array(characters + words.length);
    let [begin, row] = [0, 0];
    for (const word of words) {
      this.#text.set(word, begin + contextLength);
      for (let position = 0; position <= word.length; position++) this.#begins[row++] = begin + position;
      begin += contextLength + word.length;
    }
  }

  get count(): number {
    return this.#begins.length;
  }

  get targetCount(): number {
    return this.count;
  }

  batch(indices: Int32Array): Batch {
    return this.#copy(indices.map((index) => this.#begins[index]));
  }

  all(): Batch {
    return this.#copy(this.#begins);
  }

  *batches(): Generator<Batch> {
    for (let start = 0; start < this.count; start += MAX_BATCH_POSITIONS) {
      yield this.#copy(this.#begins.subarray(start, start + MAX_BATCH_POSITIONS));
    }
  }

  *evaluationBatches(): Generator<EvaluationBatch> {
    this.#groups ??= groupWindows(this.#text, this.#begins, this.contextLength);
    const { begins, examples } = this.#groups;
    const groups = begins.length - 1;
    for (let start = 0; start < groups; start += MAX_BATCH_POSITIONS) {
      const end = Math.min(start + MAX_BATCH_POSITIONS, groups);
      const firsts = begins.slice(start, end).map((first) => this.#begins[examples[first]]);
      const places = examples.slice(begins[start], begins[end]);
      const rows = new Int32Array(places.length);
      for (let group = start; group < end; group++) {
        rows.fill(group - start, begins[group] - begins[start], begins[group + 1] - begins[start]);
      }
      const targets = places.map((place) => this.#text[this.#begins[place] + this.contextLength]);
      yield { tokens: this.#copy(firsts).tokens, count: end - start, targets, rows, places };
    }
  }

  sample(maxTargets: number): WindowExamples {
    if (this.count <= maxTargets) return this;
    const sample = new WindowExamples([], this.contextLength);
    sample.#text = this.#text;
    sample.#begins = evenlySpaced(this.count, maxTargets).map((index) => this.#begins[index]);
    return sample;
  }

  /** Copies the windows that begin there, and their targets. */
  #copy(begins: Int32Array): Batch {
    const [n, count] = [this.contextLength, begins.length];
    const tokens = new Int32Array(count * n);
    const targets = new Int32Array(count);
    for (let row = 0; row < count; row++) {
      const begin = begins[row];
      for (let i = 0; i < n; i++) tokens[row * n + i] = this.#text[begin + i];
      targets[row] = this.#text[begin + n];
    }
    return { tokens, targets, count };
  }
}

/** Examples by their window: group g is `examples` from `begins[g]` to `begins[g + 1]`, in ascending order. */
interface WindowGroups {
  /** [groups + 1] */
  begins: Int32Array<ArrayBuffer>;
  /** [count] */
  examples: Int32Array<ArrayBuffer>;
}

/**
 * Groups windows that are equal, in order of their first occurrence: a hash table with linear probing, and a counting sort.
 *
 * @param windows [count]: where each window of n tokens begins in the text.
 */
function groupWindows(text: Uint16Array, windows: Int32Array, n: number): WindowGroups {
  const count = windows.length;
  const slots = 2 ** Math.ceil(Math.log2(2 * count + 1));
  const table = new Int32Array(slots).fill(-1); // the group in each slot
  const firsts = new Int32Array(count); // where the first window of each group begins
  const groupOf = new Int32Array(count);
  let groups = 0;
  const equal = (a: number, b: number) => {
    for (let i = 0; i < n; i++) if (text[a + i] !== text[b + i]) return false;
    return true;
  };
  for (let window = 0; window < count; window++) {
    const begin = windows[window];
    let hash = 0;
    for (let i = 0; i < n; i++) hash = Math.imul(hash ^ text[begin + i], 0x9e3779b1);
    let slot = (hash ^ (hash >>> 15)) & (slots - 1);
    while (table[slot] >= 0 && !equal(firsts[table[slot]], begin)) slot = (slot + 1) & (slots - 1);
    if (table[slot] < 0) {
      firsts[groups] = begin;
      table[slot] = groups++;
    }
    groupOf[window] = table[slot];
  }
  const begins = new Int32Array(groups + 1);
  for (const group of groupOf) begins[group + 1]++;
  for (let group = 0; group < groups; group++) begins[group + 1] += begins[group];
  const next = begins.slice();
  const examples = new Int32Array(count);
  groupOf.forEach((group, window) => examples[next[group]++] = window);
  return { begins, examples };
}

/** So many of the numbers below `count`, evenly spaced, from 0. */
function evenlySpaced(count: number, size: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: size }, (_, i) => Math.floor((i * count) / size));
}

/**
 * Examples for a network that sees all tokens: each word after a boundary, with the word before a boundary as targets. A
 * batch is padded to its longest word with boundaries, whose targets are ignored.
 *
 * Source: `CharDataset` of makemore.py.
 */
export class WordExamples implements Examples {
  readonly count: number;
  readonly targetCount: number;
  readonly #words: readonly (readonly number[])[];

  /** @param words The tokens of each word, without boundaries. */
  constructor(words: readonly (readonly number[])[]) {
    this.#words = words;
    this.count = words.length;
    this.targetCount = words.reduce((sum, word) => sum + word.length + 1, 0);
  }

  batch(indices: Int32Array): Batch {
    return padWords(Array.from(indices, (index) => this.#words[index]));
  }

  all(): Batch {
    return padWords(this.#words);
  }

  *batches(): Generator<Batch> {
    let start = 0;
    while (start < this.count) {
      let end = start;
      let time = 0;
      while (end < this.count) {
        const longer = Math.max(time, this.#words[end].length + 1);
        if (end > start && (end + 1 - start) * longer > MAX_BATCH_POSITIONS) break;
        time = longer;
        end++;
      }
      yield padWords(this.#words.slice(start, end));
      start = end;
    }
  }

  *evaluationBatches(): Generator<EvaluationBatch> {
    let place = 0;
    for (const { tokens, targets, count } of this.batches()) {
      const rows = Int32Array.from(targets.keys()).filter((row) => targets[row] !== IGNORED);
      const predicted = targets.filter((target) => target !== IGNORED);
      yield { tokens, count, targets: predicted, rows, places: predicted.map(() => place++) };
    }
  }

  sample(maxTargets: number): WordExamples {
    if (this.targetCount <= maxTargets) return this;
    const average = this.targetCount / this.count;
    const size = Math.max(1, Math.floor(maxTargets / average));
    const words = Array.from(evenlySpaced(this.count, size), (index) => this.#words[index]);
    // Words longer than the average may make it too many.
    let targets = 0;
    const end = words.findIndex((word, i) => (targets += word.length + 1) > maxTargets && i > 0);
    return new WordExamples(end < 0 ? words : words.slice(0, end));
  }
}

function padWords(words: readonly (readonly number[])[]): Batch {
  const time = words.reduce((longest, word) => Math.max(longest, word.length), 0) + 1;
  const tokens = new Int32Array(words.length * time).fill(BOUNDARY);
  const targets = new Int32Array(words.length * time).fill(IGNORED);
  words.forEach((word, row) => {
    tokens.set(word, row * time + 1);
    targets.set(word, row * time);
    targets[row * time + word.length] = BOUNDARY;
  });
  return { tokens, targets, count: words.length };
}

/** Examples of words as a network with this context length is given them; see `contextLength` in architecture.ts. */
export function examplesOf(words: readonly (readonly number[])[], contextLength: number | null): Examples {
  return contextLength === null ? new WordExamples(words) : new WindowExamples(words, contextLength);
}

/** The examples of each split. */
export function makeExamples<ContextLength extends number | null>(
  { words }: Pick<Corpus, "words">,
  contextLength: ContextLength,
): Record<Split, ContextLength extends number ? WindowExamples : Examples> {
  const split = (name: Split) =>
    examplesOf(words[name], contextLength) as ContextLength extends number ? WindowExamples : Examples;
  return { train: split("train"), dev: split("dev"), test: split("test") };
}

/** Counts how many targets each row of an {@link EvaluationBatch} predicts: [count]. */
export function occurrences(rows: EvaluationBatch["rows"], count: number): Int32Array<ArrayBuffer> {
  const counts = new Int32Array(count);
  for (const row of rows) counts[row]++;
  return counts;
}
