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
  runtime: "wasm",
  n: "7",
  temperature: "0.8",
  top_k: "9",
  top_p: "0.95",
  prefix: "ma é&",
  min_length: "4",
  max_length: "9",
  seed: "42",
  novel: true,
  unique: true,
  name: "zoë+",
};

test("a state is read back from the query it was written to", () => {
  expect(readState(writeState(CHOSEN))).toEqual(CHOSEN);
  expect(readState(`?${writeState(CHOSEN)}`)).toEqual(CHOSEN);
});

test("a default is not written, and an empty field is no default", () => {
  const defaults = readState("");
  expect(writeState({ ...defaults, seed: "5" })).toBe("seed=5");
  const empty = { ...defaults, name: "", n: "", temperature: "" };
  expect(readState(writeState(empty))).toEqual(empty);
});

test("a seed is drawn where none is given", () => {
  expect(readState("").seed).toMatch(/^\d{1,6}$/);
  expect(new Set(Array.from({ length: 20 }, () => readState("").seed)).size).toBeGreaterThan(1);
});

test("an unknown runtime is the edge, and an older link's place is a runtime", () => {
  expect(readState("runtime=moon").runtime).toBe("edge");
  expect(readState("place=webgpu").runtime).toBe("webgpu");
});

test("the paths have the parameters of the state, and no others", () => {
  expect(generatePath(CHOSEN)).toBe(
    "/generate?n=7&temperature=0.8&top_k=9&top_p=0.95&prefix=ma+%C3%A9%26&min_length=4&max_length=9&seed=42" +
      "&novel=true&unique=true&model=mlp",
  );
  expect(generatePath({ ...readState(""), seed: "5" })).toBe("/generate?n=20&seed=5");
  expect(scorePath(CHOSEN)).toBe("/score?name=zo%C3%AB%2B&model=mlp");
  expect(nextPath({ ...CHOSEN, model: "" })).toBe("/next?prefix=zo%C3%AB%2B");
});
