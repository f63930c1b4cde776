import type { Cursor } from "./distribution_cache/cursor.ts";
import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { NameStream } from "./random/name_stream.ts";
import { TorchGenerator } from "./random/torch.ts";
import { type LogitsProcessor, temperature, topK, topP } from "./logits_processors.ts";
import { type Likelihood, likelihood } from "./scoring.ts";
import { BOUNDARY, type Vocabulary } from "./vocabulary.ts";
import type { Work } from "./work.ts";

/** Most names that are drawn side by side: their contexts make one batch. */
const BATCH_NAMES = 1024;
/** What a draw from a row as it is costs at most, in milliseconds; and one from a row that is shaped, for each token. */
const DRAW_MILLISECONDS = 0.1e-3;
const SHAPED_DRAW_MILLISECONDS = 1e-3;
/** How often a letter is drawn from all tokens before it is drawn from the letters alone, which takes longer. */
const LETTER_DRAWS = 8;

/** How names are drawn. */
export interface DrawingOptions {
  /** A whole number from 0 to 2^53 - 1: the same seed gives the same names. */
  seed: number;
  /** 1 samples the model's own distribution. Default 1. */
  temperature?: number;
  /** Sample from the k likeliest tokens only. Default: from all. */
  topK?: number;
  /** Sample from the likeliest tokens that together have this probability. Default: from all. */
  topP?: number;
  /** What every name begins with. Default "". */
  prefix?: string;
  /**
   * Fewest characters, the prefix included; a name ends sooner only where the model allows nothing else.
   * Default 1.
   */
  minLength?: number;
  /** Most characters, the prefix included: a name that gets there ends there. Default 64. */
  maxLength?: number;
  /**
   * Where chance comes from. "streams", the default: each name has its own stream of random numbers, by seed
   * and index, so that 10 names are the beginning of 20. "torch": `torch.multinomial(probs, 1, generator=g)`,
   * name after name from one generator `g = torch.Generator().manual_seed(seed)`.
   */
  draws?: "streams" | "torch";
  /** What the names' cost is counted to, and what says when to let others run. Default: nothing does. */
  work?: Work;
}

/** A name that was made, and how likely the model holds it: at temperature 1, nothing ruled out. */
export interface SampledName extends Likelihood {
  name: string;
}

/** Makes one name after another. */
export class Sampler {
  readonly #cache: DistributionCache;
  readonly #cursor: Cursor;
  readonly #vocabulary: Vocabulary;
  readonly #seed: number;
  readonly #prefix: readonly number[];
  readonly #minLength: number;
  readonly #maxLength: number;
  /** What shapes a row before a token is drawn from it, the fewest length not counted. */
  readonly #rules: readonly LogitsProcessor[];
  readonly #torch: TorchGenerator | undefined;
  readonly #work: Work | undefined;
  /** What a draw costs about, in milliseconds. */
  readonly #drawMilliseconds: number;
  /** How many names were drawn. */
  #drawn = 0;

  /** @throws {UnknownCharacterError} If the prefix has a character that the vocabulary has not. */
  constructor(cache: DistributionCache, vocabulary: Vocabulary, options: DrawingOptions) {
    this.#cache = cache;
    this.#cursor = cache.cursor();
    this.#vocabulary = vocabulary;
    this.#seed = options.seed;
    this.#prefix = options.prefix ? vocabulary.encode(options.prefix) : [];
    this.#minLength = options.minLength ?? 1;
    this.#maxLength = options.maxLength ?? 64;
    this.#rules = logitsProcessors(options);
    this.#torch = options.draws === "torch" ? new TorchGenerator(options.seed) : undefined;
    this.#work = options.work;
    const shapes = this.#torch !== undefined || this.#rules.length > 0;
    this.#drawMilliseconds = shapes ? vocabulary.size * SHAPED_DRAW_MILLISECONDS : DRAW_MILLISECONDS;
  }

  /**
   * Makes the next names.
   *
   * A name is drawn as far as the rows that are known go; then all that wait for a row wait for the same run of the
   * model. Where all rows are known, no model is asked.
   */
  async next(count: number): Promise<SampledName[]> {
    const names = new Array<SampledName>(count);
    // One torch generator serves all names, so the next name cannot begin before the last one has ended.
    const batchNames = this.#torch ? 1 : BATCH_NAMES;
    for (let first = 0; first < count; first += batchNames) {
      const waiting = this.#begin(names, first, Math.min(first + batchNames, count));
      if (waiting.length > 0) await this.#complete(waiting, names);
    }
    return names;
  }

  /** Draws names as far as the rows that are known go, and returns those that have not come to their ends. */
  #begin(names: SampledName[], first: number, end: number): Draft[] {
    const waiting: Draft[] = [];
    for (let place = first; place < end; place++) {
      const draft = spareDrafts.pop() ?? new Draft();
      draft.begin(place, this.#seed, this.#drawn++);
      if (this.#walk(draft)) names[place] = this.#finish(draft);
      else waiting.push(draft);
    }
    return waiting;
  }

  /** Takes drafts to their ends. */
  async #complete(drafts: readonly Draft[], names: SampledName[]): Promise<void> {
    for (let waiting = drafts; waiting.length > 0;) {
      await this.#work?.pause();
      await this.#cache.ask(
        waiting.map(({ tokens, length }) => ({ tokens, from: length, to: length })),
        this.#work,
      );
      waiting = waiting.filter((draft) => {
        const complete = this.#walk(draft);
        if (complete) names[draft.place] = this.#finish(draft);
        return !complete;
      });
    }
  }

  /**
   * Goes on with a draft as long as nodes are known and it is not time for a pause: the prefix first, then what is drawn,
   * then the boundary where the length ends.
   *
   * @returns Whether it has come to its end.
   */
  #walk(draft: Draft): boolean {
    const cursor = this.#cursor;
    const prefix = this.#prefix;
    const { tokens } = draft;
    let { length, logLikelihood } = draft;
    const mostDraws = (this.#work?.left ?? Infinity) / this.#drawMilliseconds;
    let draws = 0;
    let complete = false;
    let known = mostDraws > 0 && cursor.seek(tokens, length);
    while (known) {
      draws++;
      const token = length < prefix.length
        ? cursor.choose(prefix[length])
        : length >= this.#maxLength
        ? cursor.choose(BOUNDARY)
        : this.#draw(length, draft.stream);
      logLikelihood += cursor.logProb;
      complete = token === BOUNDARY;
      if (complete) break;
      tokens[length++] = token;
      if (draws >= mostDraws) break;
      known = cursor.advance(tokens, length);
    }
    draft.length = length;
    draft.logLikelihood = logLikelihood;
    this.#work?.addEffort(draws * this.#drawMilliseconds);
    return complete;
  }

  /** Draws the next token at the cursor, and chooses it. */
  #draw(length: number, stream: NameStream): number {
    const cursor = this.#cursor;
    const needsLetter = length < this.#minLength;
    const plain = this.#torch === undefined && this.#rules.length === 0;
    if (plain) {
      for (let i = 0; i < (needsLetter ? LETTER_DRAWS : 1); i++) {
        const token = cursor.draw(stream);
        if (!needsLetter || token !== BOUNDARY) return token;
      }
    }
    const logProbs = Float64Array.from(cursor.logProbs());
    if (needsLetter) logProbs[BOUNDARY] = -Infinity;
    for (const rule of this.#rules) rule(logProbs);
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

/** Drafts that have come to their ends, to be begun again: making one costs more than a short name does. */
const spareDrafts: Draft[] = [];

/** A name in the making. */
class Draft {
  /** Its place among the names that are made together. */
  place = 0;
  /** The tokens so far are the first `length` of these. */
  readonly tokens: number[] = [];
  length = 0;
  logLikelihood = 0;
  readonly stream = new NameStream(0, 0);

  /** Begins another name. */
  begin(place: number, seed: number, index: number): void {
    this.place = place;
    this.length = 0;
    this.logLikelihood = 0;
    this.stream.reset(seed, index);
  }
}

/** The rules that some options ask for beyond a fewest length, in the order in which they apply. */
function logitsProcessors({ temperature: degree, topK: k, topP: p }: DrawingOptions): LogitsProcessor[] {
  const rules: LogitsProcessor[] = [];
  if (degree !== undefined && degree !== 1) rules.push(temperature(degree));
  if (k !== undefined) rules.push(topK(k));
  if (p !== undefined) rules.push(topP(p));
  return rules;
}

/** Draws by inverting a cumulative distribution; where nothing is possible, the name ends. */
function drawFrom(logProbs: Float64Array, uniform: number): number {
  const likeliest = logProbs.reduce((a, b) => Math.max(a, b));
  if (likeliest === -Infinity) return BOUNDARY;
  const weights = logProbs.map((logProb) => Math.exp(logProb - likeliest));
  let left = uniform * weights.reduce((a, b) => a + b);
  let last = BOUNDARY;
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] === 0) continue;
    last = token; // kept if rounding leaves a little over after the last one
    left -= weights[token];
    if (left < 0) break;
  }
  return last;
}
