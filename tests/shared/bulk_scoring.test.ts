import { describe, expect, test } from "vitest";
import { inBatches, scoreLines, scoreNames } from "../../shared/bulk_scoring.ts";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { fullScoreRecord, type ScoringModel } from "../../shared/score_record.ts";
import { score } from "../../shared/scoring.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { LETTERS, PROBABILITIES, TableModel } from "./table_model.ts";

const vocabulary = new Vocabulary(LETTERS);

function scoring(model = new TableModel(PROBABILITIES), bytes?: number): ScoringModel {
  const cache = new DistributionCache(model, { bytes });
  return { card: { name: "table" }, vocabulary, cache, quantiles: [0, 1, 2, Infinity] };
}

describe("scoreNames", () => {
  const names = ["a", "ab", "aab", "b", "ba", "AB"];

  test("gives each name what scoring it alone gives", async () => {
    const table = scoring();
    const records = await scoreNames(table, names);
    for (const [i, name] of names.entries()) {
      expect(records[i]).toEqual(fullScoreRecord(table, await score(scoring().cache, vocabulary, name)));
    }
    const short = await scoreNames(table, names, { characters: false });
    const { characters: _, ...first } = fullScoreRecord(table, await score(table.cache, vocabulary, "a"));
    expect(short[0]).toEqual(first);
  });

  test("asks the model once for all that is not known", async () => {
    const model = new TableModel(PROBABILITIES);
    const table = scoring(model);
    await scoreNames(table, names);
    expect(model.batches).toEqual([3]); // the beginning, after a, after b
    await scoreNames(table, names);
    expect(model.batches).toEqual([3]);
  });

  test("scores from a cache that forgets all the time", async () => {
    const forgetful = scoring(new TableModel(PROBABILITIES, 3), 0);
    expect(await scoreNames(forgetful, names)).toEqual(
      await scoreNames(scoring(new TableModel(PROBABILITIES, 3)), names),
    );
  });

  test("answers a name that it cannot score with what is wrong, and scores the others", async () => {
    const records = await scoreNames(scoring(), ["", "ab", "xa", "a".repeat(257), "\ud800", "a".repeat(256)]);
    expect(records.map((record) => "error" in record ? record.error.message : record.name)).toEqual([
      "The text must be 1 to 256 characters of Unicode with at most 30 combining marks in a row",
      "ab",
      'The text has the character "x" at position 1, which model table does not know: it knows "ab"',
      "The text must be 1 to 256 characters of Unicode with at most 30 combining marks in a row",
      "The text must be 1 to 256 characters of Unicode with at most 30 combining marks in a row",
      "a".repeat(256),
    ]);
    expect(records[3].name).toBe(`${"a".repeat(256)}…`);
    expect(records[4].name).toBe("\ufffd");
  });

  test("counts a name's characters as it is read, in normalization form C", async () => {
    const [composed, longer] = await scoreNames(scoring(), ["e\u0301".repeat(256), "e\u0301".repeat(257)]);
    expect("error" in composed && composed.error.message).toContain('has the character "é" at position 1');
    expect("error" in longer && longer.error.message).toContain("must be 1 to 256 characters");
  });
});

describe("scoreLines", () => {
  test("answers each line with its number, whatever the pieces, and goes on after a bad one", async () => {
    const bytes = new TextEncoder().encode(`ab\r\nnope\n\n${"a".repeat(10_000)}\nb`);
    async function* chunks(size: number): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += size) {
        yield await Promise.resolve(bytes.subarray(at, at + size));
      }
    }
    for (const size of [1, 7, 5000, 100_000]) {
      const all: [number, string][] = [];
      for await (const lines of scoreLines(scoring(), chunks(size))) {
        for (const { line, result } of lines) {
          all.push([line, "error" in result ? result.error.message.slice(0, 13) : result.name]);
        }
      }
      expect(all).toEqual([
        [1, "ab"],
        [2, "The text has "],
        [3, "The text must"],
        [4, "The text must"],
        [5, "b"],
      ]);
    }
  });
});

test("inBatches keeps the order, and no batch is much larger than the others", () => {
  const items = Array.from({ length: 10_000 }, (_, i) => i);
  const batches = [...inBatches(items, (i) => i % 300)];
  expect(batches.flat()).toEqual(items);
  for (const batch of batches) {
    expect(batch.reduce((sum, i) => sum + i % 300 + 1, 0)).toBeLessThan(4096 + 300);
  }
  expect(batches.length).toBeGreaterThan(300);
});
