import { expect, test } from "vitest";
import { advance, begin } from "../../../page/watch/making.ts";
import type { NextLetter } from "../../../page/watch/next_letter.ts";

/** What a model of a list with dots may give: a dot is a character as well. */
const LETTERS: NextLetter[] = [
  { character: ".", probability: 0.2, end: true },
  { character: ".", probability: 0.5 },
  { character: "a", probability: 0.3 },
];

test.each([
  ["as the model has it", { temperature: 1, topK: null, topP: 1 }],
  ["with a temperature", { temperature: 1.5, topK: null, topP: 1 }],
])("goes on after a dot, and ends at the end, %s", (_, shaping) => {
  const made = Array.from({ length: 20 }, (_, seed) => {
    let making = begin(seed);
    while (!making.finished) making = advance(making, LETTERS, shaping);
    expect(making.draw!.segment.end).toBe(true);
    return making.text;
  });
  expect(made.filter((text) => text === "")).toEqual([]);
  expect(made.filter((text) => text.includes(".a"))).not.toEqual([]);
});
