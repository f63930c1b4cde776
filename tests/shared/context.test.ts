import { describe, expect, test } from "vitest";
import { slideContexts } from "../../shared/context.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";

/** The words of the MLP notebooks' first cells. */
const FIRST_FIVE = ["emma", "olivia", "ava", "isabella", "sophia"];
const ALPHABET = new Vocabulary("abcdefghijklmnopqrstuvwxyz");

describe("slideContexts", () => {
  const words = FIRST_FIVE.map((word) => ALPHABET.encode(word));

  test("makes the notebooks' 32 examples of the first five words", () => {
    const { targets, count } = slideContexts(words, 3);
    expect(count).toBe(32);
    // deno-fmt-ignore
    expect(Array.from(targets)).toEqual([
      5, 13, 13, 1, 0, 15, 12, 9, 22, 9, 1, 0, 1, 22, 1, 0, 9, 19, 1, 2, 5, 12, 12, 1, 0, 19, 15, 16, 8, 9, 1, 0,
    ]);
  });

  test("shows each target what stands before it, padded with the boundary on the left", () => {
    const { contexts, targets, count } = slideContexts(words.slice(0, 2), 3);
    const shown = Array.from(
      { length: count },
      (_, i) => `${ALPHABET.decode(contexts.subarray(3 * i, 3 * i + 3))} --> ${ALPHABET.symbol(targets[i])}`,
    );
    // deno-fmt-ignore
    expect(shown).toEqual([
      "... --> e", "..e --> m", ".em --> m", "emm --> a", "mma --> .",
      "... --> o", "..o --> l", ".ol --> i", "oli --> v", "liv --> i", "ivi --> a", "via --> .",
    ]);
  });

  test("makes the bigram notebook's network examples of emma", () => {
    const { contexts, targets } = slideContexts(words.slice(0, 1), 1);
    expect(Array.from(contexts)).toEqual([0, 5, 13, 13, 1]);
    expect(Array.from(targets)).toEqual([5, 13, 13, 1, 0]);
  });

  test("makes one example of an empty word and none of no words", () => {
    expect(slideContexts([[]], 2)).toEqual({
      contexts: Int32Array.of(0, 0),
      targets: Int32Array.of(0),
      count: 1,
    });
    expect(slideContexts([], 2).count).toBe(0);
  });
});
