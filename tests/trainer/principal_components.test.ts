import { expect, test } from "vitest";
import { principalComponents } from "../../trainer/principal_components.ts";

test("finds the directions in which points differ most, and where each point lies along them", () => {
  // Along (3, 4)/5 lie ±10 and ±5, across it, along (4, -3)/5, ±1; all moved by (7, -2).
  const places = [[10, 1], [-10, 1], [5, -1], [-5, -1]];
  const values = places.flatMap(([along, across]) => [
    (3 * along + 4 * across) / 5 + 7,
    (4 * along - 3 * across) / 5 - 2,
  ]);
  const found = principalComponents({ shape: [4, 2], values: Float32Array.from(values) });
  expect(found.flat()).toEqual(places.flat().map((place) => expect.closeTo(place, 5)));
});

test("takes a single dimension, and points that are all alike", () => {
  const line = principalComponents({ shape: [3, 1], values: Float32Array.from([1, 2, 3]) });
  expect(line.flat()).toEqual([-1, 0, 0, 0, 1, 0].map((place) => expect.closeTo(place, 10)));
  const heap = principalComponents({ shape: [2, 3], values: new Float32Array(6).fill(5) });
  expect(heap.flat()).toEqual([0, 0, 0, 0].map((place) => expect.closeTo(place, 10)));
});
