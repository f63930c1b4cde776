import { BrokenModelError } from "./broken_model_error.ts";
import { ContextTable, UNKNOWN } from "./context_table.ts";
import type { LanguageModel } from "./language_model.ts";
import type { NameStream } from "./random/name_stream.ts";
import { TransitionTable } from "./transition_table.ts";
import { BOUNDARY } from "./vocabulary.ts";
import { SLICE, type Work } from "./work.ts";

/** Memory that a cache may take where nothing else is said, in bytes. */
export const CACHE_BYTES = 20 * 2 ** 20;
/** Rows that a generation begins with; it grows by doubling. */
const FIRST_ROWS = 256;
/** Contexts that a run has room for before that grows. */
const FIRST_WAITING = 32;
/** Most contexts that {@link DistributionCache.prefill} asks for: a tenth of a second's work. */
const MAX_PREFILLED = 2 ** 15;
/** Most contexts in one run of the model. */
const MAX_RUN_CONTEXTS = 4096;
/**
 * What a row costs about, in milliseconds, measured with ONNX Runtime Web: for each token of the vocabulary (its output,
 * its sum, its place in the order), and for each multiplication with a weight.
 */
const TOKEN_MILLISECONDS = 100e-6;
const MULTIPLICATION_MILLISECONDS = 0.1e-6;
/** How often a letter is drawn from all tokens before those that are letters are weighed alone. */
const LETTER_DRAWS = 8;

/**
 * A language model that remembers another. The distribution after a context never changes, so it is asked for once; a
 * context that was seen is a table look-up, and those that were not are asked for together, in one batched run.
 *
 * Rows are known by numbers, and so are their cells, one for each token: {@link find} gives the row of a context,
 * {@link draw} a cell of a row, {@link advance} the row which a cell leads to, mostly without looking at the context at
 * all. They are good until the next find or advance, or the next `await`: memory is bounded, and what has not been used
 * for long is forgotten.
 *
 * It is forgotten by generations. New rows go into the young one, which is ready to be drawn from; when it is full it
 * becomes the old one, which keeps the log-probabilities alone, and the old one is dropped. A row that is found in the
 * old one is copied into the young one, so what is used often stays, whatever floods past.
 */
export class DistributionCache implements LanguageModel {
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly #model: LanguageModel;
  readonly #mostRows: number;
  /** What a row costs about, in milliseconds. */
  readonly #rowMilliseconds: number;
  /** Most contexts in one run: it holds the event loop. */
  readonly #maxRunContexts: number;
  /** The contexts of the young rows. */
  #young: ContextTable;
  #rows: TransitionTable;
  /** The contexts of the old rows, and their log-probabilities [mostRows, vocabularySize], once there are any. */
  #old: ContextTable | null = null;
  #oldLogProbs = new Float32Array();
  /** [vocabularySize]: a row on its way from the old ones to the young. */
  readonly #moving: Float32Array;
  /** [contextLength]: where {@link findAfter} writes a context to look it up. */
  readonly #context: Int32Array;
  /** The contexts that are waiting for the next run. */
  #waiting: ContextTable;
  /** The run that will answer those; it tells how many rows it made. */
  #nextRun: Promise<number> | null = null;
  /** The run under way, if any. */
  #run: Promise<void> = Promise.resolve();
  /** Why the model is not asked any more, if it is broken. */
  #failure: BrokenModelError | null = null;
  readonly #onBroken: (error: BrokenModelError) => void;

  /**
   * @param model What is asked.
   * @param bytes Memory that the rows may take.
   * @param onBroken Is called once, when the model turns out to be broken. Default: nothing.
   */
  constructor(
    model: LanguageModel,
    bytes = CACHE_BYTES,
    onBroken: (error: BrokenModelError) => void = () => {},
  ) {
    const { vocabularySize, contextLength } = model;
    this.#model = model;
    this.#onBroken = onBroken;
    this.vocabularySize = vocabularySize;
    this.contextLength = contextLength;
    this.#context = new Int32Array(contextLength);
    this.#mostRows = Math.max(1, Math.floor(bytes / bytesPerRow(contextLength, vocabularySize)));
    this.#rowMilliseconds = vocabularySize * TOKEN_MILLISECONDS +
      (model.multiplications ?? 0) * MULTIPLICATION_MILLISECONDS;
    this.#maxRunContexts = Math.max(
      1,
      Math.min(MAX_RUN_CONTEXTS, this.#mostRows, Math.floor(SLICE / 2 / this.#rowMilliseconds)),
    );
    this.#young = new ContextTable(contextLength, FIRST_ROWS);
    this.#rows = new TransitionTable(vocabularySize, FIRST_ROWS);
    this.#moving = new Float32Array(vocabularySize);
    this.#waiting = new ContextTable(contextLength, FIRST_WAITING);
  }

  /** A cache over a model; a model that is one already is its own. */
  static over(model: LanguageModel): DistributionCache {
    return model instanceof DistributionCache ? model : new DistributionCache(model);
  }

  /** How many rows are remembered. */
  get rows(): number {
    return this.#young.count + (this.#old?.count ?? 0);
  }

  /**
   * The row of a context, or {@link UNKNOWN}.
   *
   * @param tokens An array whose `contextLength` elements from `offset` on are the context.
   */
  find(tokens: Int32Array, offset = 0): number {
    const row = this.#young.find(tokens, offset);
    if (row !== UNKNOWN || this.#old === null) return row;
    const oldRow = this.#old.find(tokens, offset);
    if (oldRow === UNKNOWN) return UNKNOWN;
    const start = oldRow * this.vocabularySize;
    this.#moving.set(this.#oldLogProbs.subarray(start, start + this.vocabularySize));
    return this.#add(tokens, offset, this.#moving, 0);
  }

  /**
   * The row of the context that the beginning of a name makes, or {@link UNKNOWN}.
   *
   * @param tokens An array that begins with the name's tokens.
   * @param length How many there are.
   */
  findAfter(tokens: readonly number[], length: number): number {
    const context = this.#context;
    const first = length - context.length; // below 0, where the name is shorter than the context
    for (let i = 0; i < context.length; i++) context[i] = first + i < 0 ? BOUNDARY : tokens[first + i];
    return this.find(context);
  }

  /**
   * The row that the last token of a name's beginning leads to, or {@link UNKNOWN}. It is noted with the cell: the next
   * time nobody looks at the context.
   *
   * @param cell The cell of that token.
   * @param tokens An array that begins with the name's tokens, that one the last of them.
   * @param length How many there are.
   */
  advance(cell: number, tokens: readonly number[], length: number): number {
    const known = this.#rows.next(cell);
    if (known !== UNKNOWN) return known;
    const young = this.#young;
    const next = this.findAfter(tokens, length);
    if (young === this.#young) this.#rows.link(cell, next); // it was not forgotten meanwhile
    return next;
  }

  /** The cell of a token in a row. */
  cell(row: number, token: number): number {
    return this.#rows.cell(row, token);
  }

  /** The token of a cell. */
  token(cell: number): number {
    return this.#rows.token(cell);
  }

  /** The log-probability of a cell. */
  logProb(cell: number): number {
    return this.#rows.logProb(cell);
  }

  /** Draws a cell from a row. */
  draw(row: number, stream: NameStream): number {
    return this.#rows.draw(row, stream);
  }

  /** Draws a cell that is not the boundary's from a row; the boundary's if nothing else is possible. */
  drawLetter(row: number, stream: NameStream): number {
    for (let i = 0; i < LETTER_DRAWS; i++) {
      const cell = this.#rows.draw(row, stream);
      if (this.#rows.token(cell) !== BOUNDARY) return cell;
    }
    const weights = Float64Array.from(this.logProbsOf(row), Math.exp);
    weights[BOUNDARY] = 0;
    let left = stream.uniform() * weights.reduce((a, b) => a + b);
    let last = BOUNDARY;
    for (let token = 0; token < weights.length; token++) {
      if (weights[token] === 0) continue;
      last = token; // kept if rounding leaves a little over after the last one
      left -= weights[token];
      if (left < 0) break;
    }
    return this.#rows.cell(row, last);
  }

  /**
   * Continues the log-probabilities of a name's tokens and of the boundary that closes it, as far as rows are known.
   *
   * @param tokens The name, without boundaries.
   * @param logProbs Those of its first tokens, none at the beginning; the next ones are appended.
   * @returns Whether they are complete.
   */
  continueLogProbs(tokens: readonly number[], logProbs: number[]): boolean {
    let at = logProbs.length;
    if (at > tokens.length) return true;
    let row = this.findAfter(tokens, at);
    while (row !== UNKNOWN) {
      const cell = this.#rows.cell(row, at < tokens.length ? tokens[at] : BOUNDARY);
      logProbs.push(this.#rows.logProb(cell));
      if (at++ === tokens.length) return true;
      row = this.advance(cell, tokens, at);
    }
    return false;
  }

  /** The log-probabilities of a row, [vocabularySize]. */
  logProbsOf(row: number): Float32Array {
    const logProbs = new Float32Array(this.vocabularySize);
    this.#rows.copyLogProbs(row, logProbs, 0);
    return logProbs;
  }

  /**
   * Asks the model for rows that are not known. Whoever asks while a run is under way waits for the next one with
   * all others that do: the model is never asked twice at once.
   *
   * A run is bounded, so not all of the rows need be there after it: whoever misses some asks again.
   *
   * @param contexts [count, contextLength]
   * @param work What the rows are counted to.
   * @throws {WorkLimitError} If they are more than the work may have.
   * @throws {BrokenModelError} If a row is not a distribution, or the model itself says that it is broken: to everyone who
   * waits, and from then on. Nothing is remembered of such a model.
   */
  async ask(contexts: Int32Array, work?: Work): Promise<void> {
    for (let start = 0; start < contexts.length; start += this.contextLength) {
      const known = this.find(contexts, start) !== UNKNOWN || this.#waiting.find(contexts, start) !== UNKNOWN;
      if (known) continue;
      work?.addPosition();
      this.#waiting.add(contexts, start);
    }
    if (this.#waiting.count === 0) return;
    this.#nextRun ??= this.#run.then(() => this.#answerWaiting());
    const rows = await this.#nextRun;
    work?.addEffort(rows * this.#rowMilliseconds);
  }

  /** How many contexts one run answers at most; to ask for more at once is of no use. */
  get maxRunContexts(): number {
    return this.#maxRunContexts;
  }

  /**
   * Asks for every context that a name can reach, if they are few enough to be remembered all: with a context of three
   * characters over 27 tokens they are 18,279. After that no name waits for the model.
   */
  async prefill(): Promise<void> {
    const letters = this.vocabularySize - 1;
    let reachable = 0;
    for (let length = 0; length <= this.contextLength; length++) reachable += letters ** length;
    if (reachable > Math.min(this.#mostRows, MAX_PREFILLED)) return;
    this.#grow(Math.max(reachable, this.#rows.room));
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
    const run = this.#maxRunContexts * this.contextLength;
    for (let start = 0; start < contexts.length; start += run) {
      await this.ask(contexts.subarray(start, start + run));
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
      this.#rows.copyLogProbs(row, rows, i * this.vocabularySize);
      return false;
    });
  }

  /** Answers the contexts that have waited longest, and returns how many. */
  async #answerWaiting(): Promise<number> {
    if (this.#failure !== null) {
      this.#nextRun = null;
      this.#waiting.clear();
      throw this.#failure;
    }
    const waiting = this.#waiting.contexts();
    const contexts = waiting.slice(0, this.#maxRunContexts * this.contextLength);
    this.#waiting = new ContextTable(this.contextLength, FIRST_WAITING);
    for (let start = contexts.length; start < waiting.length; start += this.contextLength) {
      this.#waiting.add(waiting, start);
    }
    this.#nextRun = null;
    const answered = this.#model.logProbs(contexts);
    this.#run = answered.then(() => {}, () => {}); // who asked hears of a failure; the next run goes ahead
    try {
      this.#remember(contexts, await answered);
    } catch (error) {
      if (error instanceof BrokenModelError) this.#break(error);
      throw error;
    }
    return contexts.length / this.contextLength;
  }

  /** Adds the rows of some contexts, as the model gave them. */
  #remember(contexts: Int32Array, logProbs: Float32Array): void {
    const count = contexts.length / this.contextLength;
    if (logProbs.length !== count * this.vocabularySize) {
      throw new BrokenModelError(
        `it gave ${logProbs.length} log-probabilities for ${count} contexts, not ${this.vocabularySize} for each`,
      );
    }
    for (let row = 0, start = 0; row < count; row++, start += this.contextLength) {
      if (this.#young.find(contexts, start) !== UNKNOWN) continue;
      try {
        this.#add(contexts, start, logProbs, row);
      } catch (error) {
        const context = contexts.subarray(start, start + this.contextLength).join(" ");
        throw new BrokenModelError(`after the tokens ${context} ${(error as Error).message}`);
      }
    }
  }

  /** Gives up the model, and the memory of what it said. */
  #break(error: BrokenModelError): void {
    this.#failure = error;
    this.#young = new ContextTable(this.contextLength, 1);
    this.#rows = new TransitionTable(this.vocabularySize, 1);
    this.#old = null;
    this.#oldLogProbs = new Float32Array();
    this.#waiting = new ContextTable(this.contextLength, 1);
    this.#onBroken(error);
  }

  /** Adds row `from` of some log-probabilities to the young ones. */
  #add(tokens: Int32Array, offset: number, logProbs: Float32Array, from: number): number {
    if (this.#young.count === this.#mostRows) this.#growOld();
    else if (this.#young.count === this.#rows.room) {
      this.#grow(Math.min(2 * this.#rows.room, this.#mostRows));
    }
    const row = this.#young.add(tokens, offset);
    this.#rows.set(row, logProbs, from * this.vocabularySize);
    return row;
  }

  /** Makes room for more young rows. */
  #grow(rows: number): void {
    this.#rows.grow(rows);
    this.#young.grow(rows);
  }

  /** The young rows become the old ones; those that were old are dropped, and their memory serves again. */
  #growOld(): void {
    const dropped = this.#old ?? new ContextTable(this.contextLength, this.#mostRows);
    if (this.#old === null) this.#oldLogProbs = new Float32Array(this.#mostRows * this.vocabularySize);
    for (let row = 0; row < this.#mostRows; row++) {
      this.#rows.copyLogProbs(row, this.#oldLogProbs, row * this.vocabularySize);
    }
    this.#old = this.#young;
    dropped.clear();
    this.#young = dropped;
  }
}

/** What a row takes while it is young, and another one when it is old. */
function bytesPerRow(contextLength: number, vocabularySize: number): number {
  return TransitionTable.bytesPerRow(vocabularySize) + 4 * vocabularySize +
    2 * ContextTable.bytesPerContext(contextLength);
}
