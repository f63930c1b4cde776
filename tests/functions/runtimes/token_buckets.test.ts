import { describe, expect, test } from "vitest";
import { TokenBuckets } from "../../../functions/runtimes/token_buckets.ts";

describe("TokenBuckets", () => {
  test("answers a burst, then as many as come back", () => {
    let now = 0;
    const buckets = new TokenBuckets({ requests: 10, seconds: 5 }, 100, () => now);
    for (let i = 0; i < 10; i++) expect(buckets.count("a")).toBe(0);
    expect(buckets.count("a")).toBeCloseTo(0.5);
    now = 250;
    expect(buckets.count("a")).toBeCloseTo(0.25);
    now = 500;
    expect(buckets.count("a")).toBe(0);
    expect(buckets.count("a")).toBeCloseTo(0.5);
    now = 1e9;
    for (let i = 0; i < 10; i++) expect(buckets.count("a")).toBe(0);
    expect(buckets.count("a")).toBeGreaterThan(0);
  });

  test("forgets who has not asked for longest", () => {
    const buckets = new TokenBuckets({ requests: 1, seconds: 60 }, 2, () => 0);
    expect([buckets.count("a"), buckets.count("b")]).toEqual([0, 0]);
    expect(buckets.count("a")).toBeGreaterThan(0);
    expect(buckets.count("c")).toBe(0);
    expect(buckets.count("a")).toBeGreaterThan(0); // asked after b
    expect(buckets.count("b")).toBe(0);
  });
});
