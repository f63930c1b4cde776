import { describe, expect, test } from "vitest";
import { StateCache, StateLayout } from "../../../shared/distribution_cache/states.ts";
import { NameStream } from "../../../shared/random/name_stream.ts";

describe("StateLayout", () => {
  const layout = new StateLayout([{ name: "0.key", shape: [2, "past", 3] }, {
    name: "0.value",
    shape: ["past", 2],
  }]);

  test("takes the positions of a pass apart, and puts them together again", () => {
    const [batch, time] = [2, 3];
    const present = [2 * 3, 2].map((size, state) =>
      Float32Array.from({ length: batch * time * size }, (_, i) => 100 * state + i)
    );
    const positions = [0, 1].map((row) => [0, 1, 2].map((i) => layout.extract(present, row, i, time)));
    expect(positions[1][2]).toEqual(Float32Array.of(18 + 6, 25, 26, 18 + 15, 34, 35, 110, 111));
    expect(layout.gather(positions, time)).toEqual(present);
  });
});

describe("StateCache", () => {
  /** Room for three states. */
  const cacheOf3 = () => new StateCache(3 * (4 * 2 + 128), 2);
  const state = (number: number) => Float32Array.of(number, number);

  test("keeps the most recently used states", () => {
    const cache = cacheOf3();
    for (const id of [1, 2, 3]) cache.set(id, state(id));
    expect(cache.get(1)).toEqual(state(1)); // 2 is now the oldest
    cache.set(4, state(4));
    expect([1, 2, 3, 4].map((id) => cache.get(id) !== undefined)).toEqual([true, false, true, true]);
    cache.set(3, state(30)); // replaces
    expect([cache.get(3), cache.count]).toEqual([state(30), 3]);
    cache.clear();
    expect([cache.get(3), cache.count]).toEqual([undefined, 0]);
    cache.set(5, state(5));
    expect([cache.get(5), cache.count]).toEqual([state(5), 1]);
  });

  test("has the same states as a list that is searched from its end", () => {
    const cache = cacheOf3();
    let kept: number[] = [];
    const stream = new NameStream(1, 0);
    for (let i = 0; i < 2000; i++) {
      const id = Math.floor(6 * stream.uniform());
      const known = kept.includes(id);
      if (stream.uniform() < 0.5) {
        expect(cache.get(id)).toEqual(known ? state(id) : undefined);
        if (!known) continue;
      } else {
        cache.set(id, state(id));
      }
      kept = [...kept.filter((other) => other !== id), id].slice(-3);
      expect(cache.count).toBe(kept.length);
    }
  });
});
