import { expect, test } from "vitest";
import { separate } from "../../../trainer/charts/separate.ts";

test("leaves alone what is far enough apart, and parts the rest by as little as needed", () => {
  const points = separate([{ x: 0, y: 0 }, { x: 4, y: 3 }, { x: 100, y: 0 }], 10);
  expect(points).toEqual([{ x: -2, y: -1.5 }, { x: 6, y: 4.5 }, { x: 100, y: 0 }]);
  expect(separate(points, 10)).toEqual(points);
});

test("parts a crowd, even one that stands at a single place", () => {
  const crowd = separate(Array.from({ length: 12 }, (_, i) => ({ x: i % 3, y: 5 })), 4);
  for (const [i, a] of crowd.entries()) {
    for (const b of crowd.slice(0, i)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(3.5);
  }
});
