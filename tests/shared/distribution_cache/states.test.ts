import { describe, expect, test } from "vitest";
import type { CacheMemory } from "../../../shared/distribution_cache/cache_memory.ts";
import { NO_PARENT, NO_STATE, PrefixNodes } from "../../../shared/distribution_cache/prefix_nodes.ts";
import { StateLayout, StatePool } from "../../../shared/distribution_cache/states.ts";

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

  test("takes the last position of a state that does not grow", () => {
    const mixed = new StateLayout([{ name: "keys", shape: ["past", 1] }, { name: "hidden", shape: [2] }]);
    expect(mixed.gather([[Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)]], 2)).toEqual([
      Float32Array.of(1, 4),
      Float32Array.of(5, 6),
    ]);
  });
});

describe("StatePool", () => {
  const layout = new StateLayout([{ name: "hidden", shape: [2] }]);
  const BYTES = StatePool.bytesPerState(2);
  const row = Float32Array.of(Math.log(0.9), Math.log(0.1));

  /** A pool, and nodes of a line of tokens 1, each ten times less likely than the one before. */
  function poolOf(states: number, memory?: CacheMemory) {
    const nodes = new PrefixNodes(2, 1000);
    const pool = new StatePool(states * BYTES, layout, nodes, memory);
    let parent = NO_PARENT;
    nodes.hasRoomFor(100);
    const line = Array.from({ length: 100 }, (_, i) => parent = nodes.add(parent, i === 0 ? 0 : 1, row, 0));
    const add = (i: number) => pool.add(line[i], [Float32Array.of(-1, -1, i, 2 * i)], 1, 0, 1);
    const has = (i: number) => nodes.stateSlots[line[i]] !== NO_STATE;
    const use = (i: number) => {
      return [...layout.gather([[nodes.stateSlots[line[i]]]], 0, pool)[0]];
    };
    return { nodes, pool, line, add, has, use };
  }

  test("gives the states that it was given", () => {
    const { nodes, pool, line, add, has, use } = poolOf(20);
    for (let i = 0; i < 20; i++) add(i);
    for (let i = 0; i < 20; i++) expect(use(i)).toEqual([i, 2 * i]);
    expect(pool.copy(nodes.stateSlots[line[7]])).toEqual(Float32Array.of(7, 14));
    pool.remove(line[7]);
    pool.remove(line[7]); // it has none any more
    expect([has(7), pool.count]).toEqual([false, 19]);
    add(30);
    expect([use(30), use(6), use(8), pool.count]).toEqual([[30, 60], [6, 12], [8, 16], 20]);
    pool.clear();
    expect(pool.count).toBe(0);
  });

  test("keeps likely states, and those that were used last, in its memory", () => {
    const { nodes, pool, add, has, use } = poolOf(16);
    for (let i = 0; i < 10; i++) add(i);
    for (let i = 40; i < 100; i++) {
      nodes.tick();
      if (has(40)) use(40);
      add(i);
      expect(pool.count).toBeLessThanOrEqual(16);
    }
    expect(pool.count).toBeGreaterThanOrEqual(14);
    expect([...Array(10).keys()].filter(has)).toEqual([...Array(10).keys()]);
    expect([40, 41, 97, 98, 99].map(has)).toEqual([true, false, true, true, true]);
  });

  test("has room for one state in any case", () => {
    const { pool, add, has } = poolOf(0);
    add(3);
    add(4);
    expect([has(3), has(4), pool.count]).toEqual([false, true, 1]);
  });

  test("takes shared memory piece by piece, and does with what there is", () => {
    let taken = 0;
    const large = new StateLayout([{ name: "hidden", shape: [2 ** 16] }]); // four states are a piece
    const nodes = new PrefixNodes(2, 1000);
    const pool = new StatePool(Infinity, large, nodes, {
      reserve(bytes, forced) {
        if (!forced && taken > 2 ** 20) return false;
        taken += bytes;
        return true;
      },
      release() {},
    });
    nodes.hasRoomFor(20);
    let parent = NO_PARENT;
    for (let i = 0; i < 20; i++) {
      parent = nodes.add(parent, i === 0 ? 0 : 1, row, 0);
      pool.add(parent, [new Float32Array(2 ** 16)], 0, 0, 1);
    }
    expect(pool.count).toBe(Math.round(taken / StatePool.bytesPerState(2 ** 16)));
    expect(taken).toBeLessThanOrEqual(2 * 2 ** 20);
  });
});
