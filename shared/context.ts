import { BOUNDARY } from "./vocabulary.ts";

/** The examples of one or more words: each character with the tokens before it. */
export interface Examples {
  /** [count, contextLength], row-major: the last tokens, oldest first, left-padded with the boundary. */
  contexts: Int32Array<ArrayBuffer>;
  /** [count]: the token that follows each context. */
  targets: Int32Array<ArrayBuffer>;
  count: number;
}

/** Moves a context window on by one token, in place: the oldest leaves, `token` enters on the right. */
export function shiftContext(context: Int32Array, token: number): void {
  context.copyWithin(0, 1);
  context[context.length - 1] = token;
}

/**
 * Slides a context window over words: one example for each character, and one for the boundary that closes a
 * word.
 *
 * @param words The tokens of each word, without boundaries.
 * @param contextLength How many tokens a model sees.
 *
 * @example
 * ```ts
 * import { slideContexts } from "./context.ts";
 *
 * slideContexts([[5, 13]], 2); // contexts 0 0, 0 5, 5 13; targets 5, 13, 0
 * ```
 */
export function slideContexts(words: readonly (readonly number[])[], contextLength: number): Examples {
  const count = words.reduce((sum, word) => sum + word.length + 1, 0);
  const contexts = new Int32Array(count * contextLength);
  const targets = new Int32Array(count);
  const window = new Int32Array(contextLength);
  let row = 0;
  for (const word of words) {
    window.fill(BOUNDARY);
    for (let position = 0; position <= word.length; position++) {
      const target = position < word.length ? word[position] : BOUNDARY;
      contexts.set(window, row * contextLength);
      targets[row++] = target;
      shiftContext(window, target);
    }
  }
  return { contexts, targets, count };
}
