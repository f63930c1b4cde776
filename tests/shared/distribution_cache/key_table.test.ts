import { describe, expect, test } from "vitest";
import { KeyTable, UNKNOWN } from "../../../shared/distribution_cache/key_table.ts";

describe("KeyTable", () => {
  test("finds the keys that were added, while it grows, and no others", () => {
    const table = new KeyTable(3, 2);
    const contexts = Int32Array.from({ length: 3 * 500 }, (_, i) => (i * i) % 1001);
    const added = new Map<string, number>();
    for (let start = 0; start < contexts.length; start += 3) {
      const key = contexts.subarray(start, start + 3).join();
      if (!added.has(key)) {
        expect(table.find(contexts, start)).toBe(UNKNOWN);
        added.set(key, table.add(contexts, start));
      }
      expect(table.find(contexts, start)).toBe(added.get(key));
    }
    expect(table.count).toBe(added.size);
    expect(table.find(Int32Array.of(1000, 1000, 999), 0)).toBe(UNKNOWN);
    expect([...added.keys()].join()).toBe(table.toArray().join());
  });

  test("is empty when it was cleared", () => {
    const table = new KeyTable(1, 4);
    table.add([7], 0);
    table.clear();
    expect([table.count, table.find([7], 0)]).toEqual([0, UNKNOWN]);
    expect(table.add([8], 0)).toBe(0);
  });
});
