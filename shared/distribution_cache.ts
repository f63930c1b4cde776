import type { LanguageModel } from "./language_model.ts";
import { BOUNDARY } from "./vocabulary.ts";

/** Memory that one generation of rows may take, in bytes. There are two. */
const GENERATION_BYTES = 2 ** 23;
/** Rows that a generation begins with; it grows by doubling. */
const FIRST_ROWS = 256;
/** Most contexts that {@link DistributionCache.rememberAll} asks for: a tenth of a second's work. */
const MOST_REMEMBERED_AT_ONCE = 2 ** 15;
/** Most of them in one run. */
const BATCH_CONTEXTS = 4096;
/** No such row. */
export const UNKNOWN = -1;

/**
 * A language model that remembers another. The distribution after a context never changes, so it is asked for once; a
 * context that was seen is a table look-up, and those that were not are asked for together, in one batched run.
 *
 * Rows are known by handles: {@link find} gives the handle of a context, {@link advance} that of the context which a
 * token leads to, mostly without looking at the context at all. A handle is good until the next of either, or the
 * next `await`: memory is bounded, and what has not been used for long is forgotten.
 *
 * It is forgotten by generations. New rows go into the young one; when it is full it becomes the old one, and the old
 * one is dropped. A row that is found in the old one is copied into the young one, so what is used often stays,
 * whatever floods past.
 */
export class DistributionCache implements LanguageModel {
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly #model: LanguageModel;
  readonly #mostRows: number;
  #young: Generation;
  #old: Generation | null = null;
  /** [contextLength]: where {@link findAfter} writes a context to look it up. */
  readonly #context: Int32Array;
  /** The contexts that are waiting for the next run, by their keys. */
  #waiting = new Map<string, Int32Array>();
  /** The run that will answer those. */
  #nextRun: Promise<void> | null = null;
  /** The run under way, if any. */
  #run: Promise<void> = Promise.resolve();

  /**
   * @param model What is asked.
   * @param generationBytes Memory that one generation of rows may take. There are two.
   */
  constructor(model: LanguageModel, generationBytes = GENERATION_BYTES) {
    this.#model = model;
    this.vocabularySize = model.vocabularySize;
    this.contextLength = model.contextLength;
    this.#context = new Int32Array(model.contextLength);
    this.#young = new Generation(model.contextLength, model.vocabularySize);
    this.#mostRows = Math.max(1, Math.floor(generationBytes / this.#young.bytesPerRow));
  }

  /** A cache over a model; a model that is one already is its own. */
  static over(model: LanguageModel): DistributionCache {
    return model instanceof DistributionCache ? model : new DistributionCache(model);
  }

  /** How many rows are remembered. */
  get rows(): number {
    return this.#young.rows + (this.#old?.rows ?? 0);
  }

  /**
   * The row of a context, or {@link UNKNOWN}.
   *
   * @param context Any array whose `contextLength` elements from `offset` on are the context.
   */
  find(context: ArrayLike<number>, offset = 0): number {
    const row = this.#young.find(context, offset);
    if (row !== UNKNOWN || this.#old === null) return row;
    const oldRow = this.#old.find(context, offset);
    return oldRow === UNKNOWN ? UNKNOWN : this.#add(context, offset, this.#old.logProbsOf(oldRow));
  }

  /** The row of the context that some tokens of a name make, or {@link UNKNOWN}. */
  findAfter(tokens: readonly number[]): number {
    const context = this.#context;
    const n = this.contextLength;
    const first = tokens.length - n; // below 0, where the name is shorter than the context
    for (let i = 0; i < n; i++) context[i] = first + i < 0 ? BOUNDARY : tokens[first + i];
    return this.find(context);
  }

  /**
   * The row that the last of some tokens leads to, or {@link UNKNOWN}. It is noted with the row that the token led
   * from: the next time nobody looks at the context.
   *
   * @param row The row before that token.
   */
  advance(row: number, tokens: readonly number[]): number {
    const generation = this.#young;
    const step = row * this.vocabularySize + tokens[tokens.length - 1];
    const known = generation.following[step];
    if (known !== UNKNOWN) return known;
    const next = this.findAfter(tokens);
    if (generation === this.#young) generation.following[step] = next;
    return next;
  }

  /** The log-probability of a token in a row. */
  logProb(row: number, token: number): number {
    return this.#young.logProbs[row * this.vocabularySize + token];
  }

  /** A row of log-probabilities, [vocabularySize]: a view, good as long as the handle. */
  logProbsOf(row: number): Float32Array {
    return this.#young.logProbsOf(row);
  }

  /** A row of probabilities, [vocabularySize]: a view, good as long as the handle. */
  probabilitiesOf(row: number): Float32Array {
    return this.#young.probabilities.subarray(row * this.vocabularySize, (row + 1) * this.vocabularySize);
  }

  /**
   * Draws a token from a row by inverting its cumulative distribution.
   *
   * @param uniform From [0, 1).
   * @param first The smallest token that may be drawn: 1 leaves the boundary out.
   * @returns {@link UNKNOWN} if no such token is possible.
   */
  draw(row: number, uniform: number, first: number): number {
    const { probabilities, totals } = this.#young;
    const start = row * this.vocabularySize;
    let left = totals[row];
    for (let i = 0; i < first; i++) left -= probabilities[start + i];
    if (!(left > 0)) return UNKNOWN;
    left *= uniform;
    let last = UNKNOWN;
    for (let token = first; token < this.vocabularySize; token++) {
      const probability = probabilities[start + token];
      if (probability === 0) continue;
      last = token; // kept if rounding leaves a little over after the last one
      left -= probability;
      if (left < 0) break;
    }
    return last;
  }

  /**
   * Asks the model for rows that are not known. Whoever asks while a run is under way waits for the next one with
   * all others that do: the model is never asked twice at once.
   *
   * @param contexts [count, contextLength]
   */
  async ask(contexts: Int32Array): Promise<void> {
    for (let start = 0; start < contexts.length; start += this.contextLength) {
      const context = contexts.slice(start, start + this.contextLength);
      this.#waiting.set(String.fromCharCode(...context), context);
    }
    this.#nextRun ??= this.#run.then(() => this.#answerWaiting());
    await this.#nextRun;
  }

  /**
   * Asks for every context that a name can reach, if they are few enough to be remembered all: with a context of three
   * characters over 27 tokens they are 18,279. After that no name waits for the model.
   */
  async rememberAll(): Promise<void> {
    const letters = this.vocabularySize - 1;
    let reachable = 0;
    for (let length = 0; length <= this.contextLength; length++) reachable += letters ** length;
    if (reachable > Math.min(this.#mostRows, MOST_REMEMBERED_AT_ONCE)) return;
    const contexts = new Int32Array(reachable * this.contextLength);
    let end = this.contextLength; // the first context is the beginning of a name, boundaries alone
    for (let start = 0; end < contexts.length; start += this.contextLength) {
      const context = contexts.subarray(start, start + this.contextLength);
      if (context[0] !== BOUNDARY) break; // full: a letter more makes no context that is not there
      for (let letter = 1; letter <= letters; letter++, end += this.contextLength) {
        contexts.set(context, end);
        contexts.copyWithin(end, end + 1, end + this.contextLength);
        contexts[end + this.contextLength - 1] = letter;
      }
    }
    for (let start = 0; start < contexts.length; start += BATCH_CONTEXTS * this.contextLength) {
      await this.ask(contexts.subarray(start, start + BATCH_CONTEXTS * this.contextLength));
    }
  }

  /** The rows of some contexts, as {@link LanguageModel} gives them. */
  async logProbs(contexts: Int32Array<ArrayBuffer>): Promise<Float32Array> {
    const { contextLength, vocabularySize } = this;
    const count = contexts.length / contextLength;
    const rows = new Float32Array(count * vocabularySize);
    let missing = this.#copyKnown(contexts, rows, Array.from({ length: count }, (_, i) => i));
    while (missing.length > 0) {
      const asked = new Int32Array(missing.length * contextLength);
      missing.forEach((i, place) => {
        asked.set(contexts.subarray(i * contextLength, (i + 1) * contextLength), place * contextLength);
      });
      await this.ask(asked);
      missing = this.#copyKnown(contexts, rows, missing);
    }
    return rows;
  }

  /** Copies the rows that are known, and returns which are not. */
  #copyKnown(contexts: Int32Array, rows: Float32Array, wanted: readonly number[]): number[] {
    return wanted.filter((i) => {
      const row = this.find(contexts, i * this.contextLength);
      if (row === UNKNOWN) return true;
      rows.set(this.logProbsOf(row), i * this.vocabularySize);
      return false;
    });
  }

  async #answerWaiting(): Promise<void> {
    const waiting = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#nextRun = null;
    const contexts = new Int32Array(waiting.length * this.contextLength);
    waiting.forEach((context, i) => contexts.set(context, i * this.contextLength));
    const answered = this.#model.logProbs(contexts);
    this.#run = answered.then(() => {}, () => {}); // who asked hears of a failure; the next run goes ahead
    const rows = await answered;
    waiting.forEach((context, i) => {
      if (this.#young.find(context, 0) !== UNKNOWN) return;
      this.#add(context, 0, rows.subarray(i * this.vocabularySize, (i + 1) * this.vocabularySize));
    });
  }

  #add(context: ArrayLike<number>, offset: number, logProbs: Float32Array): number {
    if (this.#young.rows === this.#mostRows) {
      const dropped = this.#old;
      this.#old = this.#young;
      dropped?.clear(); // its memory serves again
      this.#young = dropped ?? new Generation(this.contextLength, this.vocabularySize);
    }
    return this.#young.add(context, offset, logProbs, this.#mostRows);
  }
}

/** Rows, found by their contexts through an open-addressed hash table. */
class Generation {
  /** How many there are. */
  rows = 0;
  /** [rows, vocabularySize] */
  logProbs: Float32Array;
  /** [rows, vocabularySize]: exp of those. */
  probabilities: Float32Array;
  /** [rows]: the sum of a row's probabilities, as near to 1 as float32 comes. */
  totals: Float64Array;
  /** [rows, vocabularySize]: the row that each token leads to, {@link UNKNOWN} until it is linked. */
  following: Int32Array;
  /** [rows, contextLength] */
  #contexts: Uint16Array;
  /** A power of two of them, at most half full: the row in each place, or {@link UNKNOWN}. */
  #places: Int32Array;
  readonly #n: number;
  readonly #V: number;

  constructor(contextLength: number, vocabularySize: number) {
    this.#n = contextLength;
    this.#V = vocabularySize;
    this.logProbs = new Float32Array(FIRST_ROWS * vocabularySize);
    this.probabilities = new Float32Array(FIRST_ROWS * vocabularySize);
    this.totals = new Float64Array(FIRST_ROWS);
    this.following = new Int32Array(FIRST_ROWS * vocabularySize).fill(UNKNOWN);
    this.#contexts = new Uint16Array(FIRST_ROWS * contextLength);
    this.#places = new Int32Array(2 * FIRST_ROWS).fill(UNKNOWN);
  }

  /** What a row takes: three arrays of its size, its sum, its context, and up to four places. */
  get bytesPerRow(): number {
    return 12 * this.#V + 8 + 2 * this.#n + 16;
  }

  /** Forgets all rows. */
  clear(): void {
    this.rows = 0;
    this.following.fill(UNKNOWN);
    this.#places.fill(UNKNOWN);
  }

  logProbsOf(row: number): Float32Array {
    return this.logProbs.subarray(row * this.#V, (row + 1) * this.#V);
  }

  find(context: ArrayLike<number>, offset: number): number {
    const mask = this.#places.length - 1;
    let place = this.#hash(context, offset) & mask;
    while (true) {
      const row = this.#places[place];
      if (row === UNKNOWN || this.#hasContext(row, context, offset)) return row;
      place = (place + 1) & mask;
    }
  }

  /** Adds a row that is not there yet. */
  add(context: ArrayLike<number>, offset: number, logProbs: Float32Array, mostRows: number): number {
    if (this.rows === this.totals.length) this.#grow(Math.min(2 * this.rows, mostRows));
    const row = this.rows++;
    let total = 0;
    for (let token = 0; token < this.#V; token++) {
      const probability = Math.fround(Math.exp(logProbs[token]));
      this.logProbs[row * this.#V + token] = logProbs[token];
      this.probabilities[row * this.#V + token] = probability;
      total += probability;
    }
    this.totals[row] = total;
    for (let i = 0; i < this.#n; i++) this.#contexts[row * this.#n + i] = context[offset + i];
    this.#place(row);
    return row;
  }

  #place(row: number): void {
    const mask = this.#places.length - 1;
    let place = this.#hash(this.#contexts, row * this.#n) & mask;
    while (this.#places[place] !== UNKNOWN) place = (place + 1) & mask;
    this.#places[place] = row;
  }

  #grow(rows: number): void {
    const { logProbs, probabilities, totals, following } = this;
    const contexts = this.#contexts;
    this.logProbs = new Float32Array(rows * this.#V);
    this.logProbs.set(logProbs);
    this.probabilities = new Float32Array(rows * this.#V);
    this.probabilities.set(probabilities);
    this.totals = new Float64Array(rows);
    this.totals.set(totals);
    this.following = new Int32Array(rows * this.#V).fill(UNKNOWN);
    this.following.set(following);
    this.#contexts = new Uint16Array(rows * this.#n);
    this.#contexts.set(contexts);
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * rows))).fill(UNKNOWN);
    for (let row = 0; row < this.rows; row++) this.#place(row);
  }

  #hasContext(row: number, context: ArrayLike<number>, offset: number): boolean {
    for (let i = 0; i < this.#n; i++) {
      if (this.#contexts[row * this.#n + i] !== context[offset + i]) return false;
    }
    return true;
  }

  /** FNV-1a over the tokens, with the high bits folded into the low ones that the table uses. */
  #hash(context: ArrayLike<number>, offset: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.#n; i++) hash = Math.imul(hash ^ context[offset + i], 0x01000193);
    return hash ^ (hash >>> 15);
  }
}
