import type { Cursor } from "./distribution_cache/cursor.ts";
import type { DistributionCache, Gather } from "./distribution_cache/distribution_cache.ts";
import { UNKNOWN } from "./distribution_cache/key_table.ts";
import { type Draft as DraftText, NO_EPOCH } from "./distribution_cache/tree.ts";
import { NameStream } from "./random/name_stream.ts";
import { TorchGenerator } from "./random/torch.ts";
import { type LogitsProcessor, temperature, topK, topP } from "./logits_processors.ts";
import { type Likelihood, likelihood } from "./scoring.ts";
import { BOUNDARY, type Vocabulary } from "./vocabulary.ts";
import type { Work } from "./work.ts";

/** Most names that are drawn together: the model gets their beginnings in one batch. */
const BATCH_NAMES = 1024;
/** How many of them are drawn a token of each in turn: enough that their memory loads side by side, and few enough for a pause. */
const TOGETHER = 32;
/** Estimated cost of a draw in milliseconds: from a distribution as it is, and, for each token, from a processed one. */
const DRAW_MILLISECONDS = 0.1e-3;
const SHAPED_DRAW_MILLISECONDS = 1e-3;
/** How often a letter is drawn from all tokens before it is drawn from the letters alone, which takes longer. */
const LETTER_DRAWS = 8;

/** How names are drawn. */
export interface DrawingOptions {
  /** An integer from 0 to 2^53 - 1. The same seed gives the same names. */
  seed: number;
  /** Default 1: the model's own distribution. */
  temperature?: number;
  /** Sample only from the k most likely tokens. Default: from all. */
  topK?: number;
  /** Sample only from the most likely tokens that together have this probability. Default: from all. */
  topP?: number;
  /** The beginning of every name. Default "". */
  prefix?: string;
  /**
   * Minimum length in characters, with the prefix. A name is shorter only if the model allows nothing else.
   * Default 1.
   */
  minLength?: number;
  /** Maximum length in characters, with the prefix. A name that reaches it ends there. Default 64. */
  maxLength?: number;
  /**
   * The source of random numbers. "streams", the default: each name has its own stream, derived from the seed
   * and its index, so that the first 10 of 20 names are those of n = 10. "torch": `torch.multinomial(probs, 1, generator=g)`,
   * name after name from one generator `g = torch.Generator().manual_seed(seed)`.
   */
  draws?: "streams" | "torch";
  /** Counts the cost, and says when to pause. Default: neither. */
  work?: Work;
  /** Waits once for other requests to share runs of the model with; see {@link DistributionCache.askOn}. Default: no wait. */
  gather?: Gather;
}

/** A sampled name with its likelihood under the model: at temperature 1, no token excluded. */
export interface SampledName extends Likelihood {
  name: string;
}

/** Samples names. */
export class Sampler {
  readonly #cache: DistributionCache;
  readonly #cursor: Cursor;
  readonly #vocabulary: Vocabulary;
  readonly #seed: number;
  readonly #prefix: readonly number[];
  readonly #minLength: number;
  readonly #maxLength: number;
  /** Applied to the log-probabilities before each draw, in order. */
  readonly #processors: readonly LogitsProcessor[];
  readonly #torch: TorchGenerator | undefined;
  /** Whether tokens are drawn from the model's own distributions, with the stream of the name. */
  readonly #plain: boolean;
  /** The length from which on the next token may be any. */
  readonly #free: number;
  readonly #work: Work | undefined;
  /** Undefined once it has waited: with torch's draws it asks for each name, and to wait each time would take long. */
  #gather: Gather | undefined;
  /** Estimated cost of a draw, in milliseconds. */
  readonly #drawMilliseconds: number;
  /** The index of the next name. */
  #drawn = 0;

  /** @throws {UnknownCharacterError} If the prefix has a character that is not in the vocabulary. */
  constructor(cache: DistributionCache, vocabulary: Vocabulary, options: DrawingOptions) {
    this.#cache = cache;
    this.#cursor = cache.cursor();
    this.#vocabulary = vocabulary;
    this.#seed = options.seed;
    this.#prefix = options.prefix ? vocabulary.encode(options.prefix) : [];
    this.#minLength = options.minLength ?? 1;
    this.#maxLength = options.maxLength ?? 64;
    this.#processors = logitsProcessors(options);
    this.#torch = options.draws === "torch" ? new TorchGenerator(options.seed) : undefined;
    this.#work = options.work;
    this.#gather = options.gather;
    this.#plain = this.#torch === undefined && this.#processors.length === 0;
    this.#free = Math.max(this.#prefix.length, this.#minLength);
    this.#drawMilliseconds = this.#plain ? DRAW_MILLISECONDS : vocabulary.size * SHAPED_DRAW_MILLISECONDS;
  }

  /**
   * Samples the next names.
   *
   * Each name is drawn until the cache misses a distribution. All names with a miss then wait for the same run of the model.
   * If the cache has every distribution, the model is not run.
   *
   * @returns The names, or where the model is run a promise of them: promises would take a third of the time of one name.
   */
  next(count: number): SampledName[] | Promise<SampledName[]> {
    const names = new Array<SampledName>(count);
    for (let first = 0; first < count; first += this.#batchNames) {
      const waiting = this.#begin(names, first);
      if (waiting.length > 0) return this.#continue(names, first, waiting);
    }
    return names;
  }

  /** Completes the names of the batch that begins at `first`, and of all that follow. */
  async #continue(names: SampledName[], first: number, drafts: readonly Draft[]): Promise<SampledName[]> {
    await this.#complete(drafts, names);
    while ((first += this.#batchNames) < names.length) {
      const waiting = this.#begin(names, first);
      if (waiting.length > 0) await this.#complete(waiting, names);
    }
    return names;
  }

  /** How many names are drawn side by side. With torch one: all share a generator, so each begins when the last is complete. */
  get #batchNames(): number {
    return this.#torch ? 1 : BATCH_NAMES;
  }

  /** Draws the names of a batch until the cache misses, and returns those that are not complete. */
  #begin(names: SampledName[], first: number): Draft[] {
    const end = Math.min(first + this.#batchNames, names.length);
    const waiting: Draft[] = [];
    for (let place = first; place < end;) {
      const drafts: Draft[] = [];
      for (const last = Math.min(place + TOGETHER, end); place < last; place++) {
        const draft = spareDrafts.pop() ?? new Draft();
        draft.begin(place, this.#seed, this.#drawn++);
        drafts.push(draft);
      }
      if (this.#plain && drafts.length > 1) this.#drawTogether(drafts);
      for (const draft of drafts) {
        if (draft.complete || this.#walk(draft)) names[draft.place] = this.#finish(draft);
        else waiting.push(draft);
      }
    }
    return waiting;
  }

  /** Draws names that have just begun, as far as the cache's nodes are linked. */
  #drawTogether(drafts: readonly Draft[]): void {
    // A draft that is shorter misses a node, or a pause is due.
    const begun = drafts.filter((draft) => !this.#walk(draft, this.#free) && draft.length === this.#free);
    if (this.#free >= this.#maxLength || (this.#work?.left ?? Infinity) <= 0) return;
    this.#cursor.drawTogether(begun, this.#maxLength);
    let draws = 0;
    for (const { length, complete } of begun) draws += length - this.#free + (complete ? 1 : 0);
    this.#work?.addEffort(draws * this.#drawMilliseconds);
  }

  /** Completes drafts. */
  async #complete(drafts: readonly Draft[], names: SampledName[]): Promise<void> {
    let waiting = drafts;
    const wanted = () =>
      waiting.map(({ tokens, length, parent }) => ({ tokens, from: length, to: length, parent }));
    const goOn = () => {
      waiting = waiting.filter((draft) => {
        const complete = this.#walk(draft);
        if (complete) names[draft.place] = this.#finish(draft);
        return !complete;
      });
      return wanted();
    };
    while (waiting.length > 0) {
      await this.#work?.pause();
      const gather = this.#gather;
      this.#gather = undefined;
      await this.#cache.askOn(wanted(), goOn, this.#work, gather);
    }
  }

  /**
   * Continues a draft until the cache misses or a pause is due: the tokens of the prefix, then drawn tokens, then, at the
   * maximum length, the boundary.
   *
   * @param end A length at which it stops.
   * @returns Whether the name is complete.
   */
  #walk(draft: Draft, end = Infinity): boolean {
    const cursor = this.#cursor;
    const maxDraws = (this.#work?.left ?? Infinity) / this.#drawMilliseconds;
    let draws = 0;
    let known = draft.length < end && maxDraws > 0 && cursor.resume(draft);
    while (known) {
      this.#continueAtCursor(draft);
      draws++;
      cursor.leave(draft);
      if (draft.complete || draft.length >= end || draws >= maxDraws) break;
      known = cursor.advance(draft.tokens, draft.length);
    }
    this.#work?.addEffort(draws * this.#drawMilliseconds);
    return draft.complete;
  }

  /** Continues a draft whose node is the cursor's by a token. */
  #continueAtCursor(draft: Draft): void {
    const cursor = this.#cursor;
    const prefix = this.#prefix;
    const { length } = draft;
    const token = length < prefix.length
      ? cursor.choose(prefix[length])
      : length >= this.#maxLength
      ? cursor.choose(BOUNDARY)
      : this.#draw(length, draft.stream);
    draft.logLikelihood += cursor.logProb;
    if (token === BOUNDARY) draft.complete = true;
    else draft.tokens[draft.length++] = token;
  }

  /** Draws the next token at the cursor. */
  #draw(length: number, stream: NameStream): number {
    const cursor = this.#cursor;
    const needsLetter = length < this.#minLength;
    if (this.#plain) {
      for (let i = 0; i < (needsLetter ? LETTER_DRAWS : 1); i++) {
        const token = cursor.draw(stream);
        if (!needsLetter || token !== BOUNDARY) return token;
      }
    }
    const logProbs = Float64Array.from(cursor.logProbs());
    if (needsLetter) logProbs[BOUNDARY] = -Infinity;
    for (const process of this.#processors) process(logProbs);
    return cursor.choose(
      this.#torch ? this.#torch.multinomial(logProbs.map(Math.exp)) : drawFrom(logProbs, stream.uniform()),
    );
  }

  #finish(draft: Draft): SampledName {
    const { tokens, length, logLikelihood } = draft;
    if (spareDrafts.length < BATCH_NAMES) spareDrafts.push(draft);
    const { nll, perplexity } = likelihood(logLikelihood, length + 1);
    return { name: this.#vocabulary.decode(tokens, length), logLikelihood, nll, perplexity };
  }
}

/** Completed drafts, for reuse: to allocate one costs more than to draw a short name. */
const spareDrafts: Draft[] = [];

/** A name that is being drawn. */
class Draft implements DraftText {
  /** Its index among the names that are drawn together. */
  place = 0;
  /** The first `length` of these are the tokens so far. */
  readonly tokens: number[] = [];
  length = 0;
  logLikelihood = 0;
  readonly stream = new NameStream(0, 0);
  readonly parent = { row: UNKNOWN, epoch: NO_EPOCH };
  complete = false;
  row = UNKNOWN;
  cell = UNKNOWN;

  /** Resets it for another name. */
  begin(place: number, seed: number, index: number): void {
    this.place = place;
    this.length = 0;
    this.logLikelihood = 0;
    this.parent.epoch = NO_EPOCH;
    this.complete = false;
    this.stream.reset(seed, index);
  }
}

/** The processors for the options, in the order in which they apply. */
function logitsProcessors({ temperature: degree, topK: k, topP: p }: DrawingOptions): LogitsProcessor[] {
  const processors: LogitsProcessor[] = [];
  if (degree !== undefined && degree !== 1) processors.push(temperature(degree));
  if (k !== undefined) processors.push(topK(k));
  if (p !== undefined) processors.push(topP(p));
  return processors;
}

/** Draws by inverting the cumulative distribution. If no token is possible, it draws the boundary. */
function drawFrom(logProbs: Float64Array, uniform: number): number {
  const largest = logProbs.reduce((a, b) => Math.max(a, b));
  if (largest === -Infinity) return BOUNDARY;
  const weights = logProbs.map((logProb) => Math.exp(logProb - largest));
  let left = uniform * weights.reduce((a, b) => a + b);
  let last = BOUNDARY;
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] === 0) continue;
    last = token; // stays, if rounding leaves a remainder after the last token
    left -= weights[token];
    if (left < 0) break;
  }
  return last;
}
