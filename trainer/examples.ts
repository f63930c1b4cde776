import { BOUNDARY } from "../shared/vocabulary.ts";
import type { Corpus, Split } from "./corpus.ts";

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

/** What a network learns from, or is evaluated on: windows or whole words. */
export interface Examples {
  /** How many windows or words, from which a mini-batch is drawn. */
  readonly count: number;
  /** The examples with these indices, as one batch. */
  batch(indices: Int32Array): Batch;
  /** All examples, as one batch. */
  all(): Batch;
  /** All examples in order, in batches of at most {@link MAX_BATCH_POSITIONS} positions. */
  batches(): Iterable<Batch>;
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
  readonly count: number;
  /** [count, contextLength], row-major: the last tokens, oldest first, left-padded with the boundary. */
  readonly contexts: Int32Array<ArrayBuffer>;
  /** [count]: the token after each window. */
  readonly targets: Int32Array<ArrayBuffer>;

  /** @param words The tokens of each word, without boundaries. */
  constructor(words: readonly (readonly number[])[], readonly contextLength: number) {
    this.count = words.reduce((sum, word) => sum + word.length + 1, 0);
    this.contexts = new Int32Array(this.count * contextLength);
    this.targets = new Int32Array(this.count);
    const window = new Int32Array(contextLength);
    let row = 0;
    for (const word of words) {
      window.fill(BOUNDARY);
      for (let position = 0; position <= word.length; position++) {
        const target = position < word.length ? word[position] : BOUNDARY;
        this.contexts.set(window, row * contextLength);
        this.targets[row++] = target;
        window.copyWithin(0, 1);
        window[contextLength - 1] = target;
      }
    }
  }

  batch(indices: Int32Array): Batch {
    const n = this.contextLength;
    const tokens = new Int32Array(indices.length * n);
    indices.forEach((index, i) => tokens.set(this.contexts.subarray(index * n, (index + 1) * n), i * n));
    return {
      tokens,
      targets: Int32Array.from(indices, (index) => this.targets[index]),
      count: indices.length,
    };
  }

  all(): Batch {
    return { tokens: this.contexts, targets: this.targets, count: this.count };
  }

  *batches(): Generator<Batch> {
    for (let start = 0; start < this.count; start += MAX_BATCH_POSITIONS) {
      const end = Math.min(start + MAX_BATCH_POSITIONS, this.count);
      yield {
        tokens: this.contexts.slice(start * this.contextLength, end * this.contextLength),
        targets: this.targets.slice(start, end),
        count: end - start,
      };
    }
  }
}

/**
 * Examples for a network that sees all tokens: each word after a boundary, with the word before a boundary as targets. A
 * batch is padded to its longest word with boundaries, whose targets are ignored.
 *
 * Source: `CharDataset` of makemore.py.
 */
export class WordExamples implements Examples {
  readonly count: number;
  readonly #words: readonly (readonly number[])[];

  /** @param words The tokens of each word, without boundaries. */
  constructor(words: readonly (readonly number[])[]) {
    this.#words = words;
    this.count = words.length;
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
