import { expect, test } from "vitest";
import {
  generatePath,
  nextPath,
  type PageState,
  readState,
  scorePath,
  writeState,
} from "../../page/page_state.ts";

const CHOSEN: PageState = {
  model: "mlp",
  place: "wasm",
  n: "7",
  temperature: "0.8",
  top_k: "9",
  top_p: "0.95",
  prefix: "ma é&",
  min_length: "4",
  max_length: "9",
  seed: "42",
  novel: true,
  name: "zoë+",
};

test("a state comes back from the query that it was written to", () => {
  expect(readState(writeState(CHOSEN))).toEqual(CHOSEN);
  expect(readState(`?${writeState(CHOSEN)}`)).toEqual(CHOSEN);
});

test("what is as always is not written, and an empty field is not the usual one", () => {
  const usual = readState("");
  expect(writeState({ ...usual, seed: "5" })).toBe("seed=5");
  const empty = { ...usual, name: "", n: "", temperature: "" };
  expect(readState(writeState(empty))).toEqual(empty);
});

test("a seed is drawn where none is given", () => {
  expect(readState("").seed).toMatch(/^\d{1,6}$/);
  expect(new Set(Array.from({ length: 20 }, () => readState("").seed)).size).toBeGreaterThan(1);
});

test("a place that is none is the edge", () => {
  expect(readState("place=moon").place).toBe("edge");
});

test("the API is asked for what the state says, and for no more", () => {
  expect(generatePath(CHOSEN)).toBe(
    "/generate?n=7&temperature=0.8&top_k=9&top_p=0.95&prefix=ma+%C3%A9%26&min_length=4&max_length=9&seed=42" +
      "&novel=true&model=mlp",
  );
  expect(generatePath({ ...readState(""), seed: "5" })).toBe("/generate?n=20&seed=5");
  expect(scorePath(CHOSEN)).toBe("/score?name=zo%C3%AB%2B&model=mlp");
  expect(nextPath({ ...CHOSEN, model: "" })).toBe("/next?prefix=zo%C3%AB%2B");
});
