import { describe, expect, test } from "vitest";
import type { CacheMemory } from "../../../shared/distribution_cache/cache_memory.ts";
import { UNKNOWN } from "../../../shared/distribution_cache/key_table.ts";
import { NO_PARENT, PrefixNodes } from "../../../shared/distribution_cache/prefix_nodes.ts";
import { NameStream } from "../../../shared/random/name_stream.ts";

const SIZE = 27;

/** The likely token is 1, the others are a thousand times less likely. */
const logProbs = Float32Array.from(
  { length: SIZE },
  (_, token) => Math.log((token === 1 ? 1000 : 1) / (1000 + SIZE - 1)),
);

/** Adds the nodes of a beginning that are missing, after it has made room for them, and returns the row of the last one. */
function add(
  nodes: PrefixNodes,
  tokens: readonly number[],
  onRemoved: (row: number) => void = () => {},
): number {
  nodes.tick();
  if (!nodes.hasRoomFor(tokens.length + 1)) {
    find(nodes, tokens);
    nodes.purge(tokens.length + 1, onRemoved);
  }
  return [0, ...tokens].reduce((parent, token) => {
    const known = nodes.find(parent, token);
    return known === UNKNOWN ? nodes.add(parent, token, logProbs, 0) : known;
  }, NO_PARENT);
}

/** The row of a beginning, or UNKNOWN. */
function find(nodes: PrefixNodes, tokens: readonly number[]): number {
  let row = nodes.find(NO_PARENT, 0);
  for (const token of tokens) if (row !== UNKNOWN) row = nodes.find(row, token);
  return row;
}

/** Random beginnings of some length, of the tokens from 2 on. */
function unlikely(count: number, length: number): number[][] {
  const stream = new NameStream(5, length);
  return Array.from(
    { length: count },
    () => Array.from({ length }, () => 2 + Math.floor((SIZE - 2) * stream.uniform())),
  );
}

describe("PrefixNodes", () => {
  test("finds each node by its parent and token, while it grows, and no others", () => {
    const nodes = new PrefixNodes(SIZE, 100_000);
    const rows = new Map<string, number>();
    const all = unlikely(3000, 4);
    for (const tokens of all) rows.set(tokens.join(), add(nodes, tokens));
    expect(new Set(rows.values()).size).toBe(rows.size);
    for (const tokens of all) expect(find(nodes, tokens)).toBe(rows.get(tokens.join()));
    const prefixes = new Set(
      all.flatMap((tokens) => [0, 1, 2, 3, 4].map((end) => tokens.slice(0, end).join())),
    );
    expect(nodes.count).toBe(prefixes.size);
    expect(find(nodes, [1])).toBe(UNKNOWN);
    expect(nodes.epoch).toBe(0);
    nodes.clear();
    expect([nodes.count, nodes.vacant, find(nodes, []), nodes.epoch]).toEqual([0, 0, UNKNOWN, 1]);
    expect(find(nodes, all[0])).toBe(UNKNOWN);
  });

  test("knows how likely each beginning is", () => {
    const nodes = new PrefixNodes(SIZE, 100);
    expect(nodes.likelihood(add(nodes, []))).toBe(0);
    expect(nodes.likelihood(add(nodes, [1, 1, 2]))).toBeCloseTo(2 * logProbs[1] + logProbs[2], 5);
  });

  test("keeps likely beginnings, and whole ways from the root, while it is flooded with unlikely ones", () => {
    const nodes = new PrefixNodes(SIZE, 1000);
    const likely = Array.from({ length: 26 }, (_, i) => [1, 1, 1, 1, 1, i + 1]);
    for (const tokens of likely) add(nodes, tokens);
    let purges = 0;
    for (const tokens of unlikely(20_000, 6)) {
      const { epoch } = nodes;
      const row = add(nodes, tokens);
      if (nodes.epoch > epoch) purges++;
      expect(nodes.count).toBeLessThanOrEqual(1000);
      expect(find(nodes, tokens)).toBe(row);
    }
    expect(purges).toBeGreaterThan(100);
    expect(likely.map((tokens) => find(nodes, tokens) !== UNKNOWN)).toEqual(likely.map(() => true));
    // Nodes without a way from the root would be counted, but not found.
    let found = 0;
    const visit = (row: number) => {
      found++;
      for (let token = 0; token < SIZE; token++) {
        const child = nodes.find(row, token);
        if (child !== UNKNOWN) visit(child);
      }
    };
    visit(nodes.find(NO_PARENT, 0));
    expect(found).toBe(nodes.count);
  });

  test("keeps with a node all that leads to it, however long ago that was found", () => {
    const nodes = new PrefixNodes(SIZE, 64);
    const others = (first: number) => Array.from({ length: 25 }, (_, i) => [first, 2 + i]);
    for (const tokens of others(2)) add(nodes, tokens);
    const parent = add(nodes, [3, 5, 6]);
    add(nodes, [3, 5, 6, 7]);
    for (const tokens of others(4)) add(nodes, tokens);
    nodes.tick();
    expect(nodes.find(parent, 7)).not.toBe(UNKNOWN);
    nodes.purge(16, () => {});
    expect(find(nodes, [3, 5, 6, 7])).not.toBe(UNKNOWN);
    expect(nodes.count).toBeLessThanOrEqual(48);
  });

  test("tells which rows it has removed, and gives them to others", () => {
    const nodes = new PrefixNodes(SIZE, 64);
    const removed: number[] = [];
    const known = new Map<number, string>();
    for (const tokens of unlikely(500, 3)) {
      const row = add(nodes, tokens, (row) => {
        removed.push(row);
        known.delete(row);
      });
      known.set(row, tokens.join());
      expect(row).toBeLessThan(64);
      expect(nodes.stateSlots[row]).toBe(-1);
    }
    expect(removed.length).toBeGreaterThan(500);
    for (const [row, tokens] of known) expect(find(nodes, tokens.split(",").map(Number))).toBe(row);
  });

  test("makes at least as much room as is needed", () => {
    const nodes = new PrefixNodes(SIZE, 64);
    for (const tokens of unlikely(40, 2)) if (nodes.hasRoomFor(3)) add(nodes, tokens);
    nodes.purge(16, () => {});
    expect(nodes.vacant).toBeGreaterThanOrEqual(16);
    expect(nodes.hasRoomFor(16)).toBe(true);
    expect(nodes.hasRoomFor(65)).toBe(false);
  });

  test("takes the memory that it says, and no more than it is given", () => {
    expect(PrefixNodes.bytesPerNode(27)).toBe(165);
    expect(PrefixNodes.nodesIn(1650, 27)).toBe(10);
    expect(PrefixNodes.nodesIn(Infinity, 27)).toBe(NO_PARENT);
    let taken = 0;
    const memory: CacheMemory = {
      reserve(bytes, forced) {
        if (!forced && taken + bytes > 100_000) return false;
        taken += bytes;
        return true;
      },
      release: () => void (taken = 0),
    };
    const nodes = new PrefixNodes(SIZE, 10_000, memory, 100);
    for (const tokens of unlikely(2000, 3)) add(nodes, tokens);
    expect(nodes.count).toBeLessThanOrEqual(100_000 / 165);
    expect(nodes.count).toBeGreaterThan(400);
    expect(taken).toBe((nodes.count + nodes.vacant) * 165);
    taken = Infinity;
    const poor = new PrefixNodes(SIZE, 10_000, memory, 512);
    for (const tokens of unlikely(2000, 3)) add(poor, tokens);
    expect(poor.count + poor.vacant).toBe(512);
  });
});
