import { describe, expect, onTestFinished, test, vi } from "vitest";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import type { LanguageModel, StepOutput } from "../../shared/language_model.ts";
import { NameSearch } from "../../shared/name_search.ts";
import { Sampler } from "../../shared/sampler.ts";
import { logProbsOfWords } from "../../shared/scoring.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { Work, WorkLimitError } from "../../shared/work.ts";

/** A model whose names never end: the boundary has probability 0, all characters are equally likely. */
class EndlessModel implements LanguageModel {
  readonly contextLength = 6;
  readonly states = [];
  /** The number of contexts of each run. */
  readonly runs: number[] = [];

  constructor(readonly vocabularySize: number, readonly multiplications = 0) {}

  step(_contexts: Int32Array<ArrayBuffer>, count: number): Promise<StepOutput> {
    this.runs.push(count);
    const row = new Float32Array(this.vocabularySize).fill(-Math.log(this.vocabularySize - 1));
    row[0] = -Infinity;
    const rows = new Float32Array(count * this.vocabularySize);
    for (let i = 0; i < count; i++) rows.set(row, i * this.vocabularySize);
    return Promise.resolve({ logProbs: rows, present: [] });
  }
}

/** A vocabulary with the given number of tokens. */
function vocabularyOf(size: number): Vocabulary {
  return new Vocabulary(
    Array.from({ length: size - 1 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join(""),
  );
}

/** Counts the turns of the event loop until the work is done. */
async function turnsDuring(work: unknown): Promise<number> {
  let [turns, going] = [0, true];
  const next = () => {
    turns++;
    if (going) setTimeout(next, 0);
  };
  setTimeout(next, 0);
  await work;
  going = false;
  return turns;
}

describe("Work", () => {
  test("pauses every 10 ms of effort while names are drawn, with a cold and a warm cache", async () => {
    const vocabulary = vocabularyOf(27);
    const cache = new DistributionCache(new EndlessModel(27));
    const names = (work?: Work) =>
      new NameSearch(cache, vocabulary, { n: 200, seed: 1, temperature: 2, maxLength: 32, work }).all();
    // 6,400 draws, estimated at 27 µs each, are 17 slices of 10 ms.
    expect(await turnsDuring(names(new Work()))).toBeGreaterThan(15);
    expect(await turnsDuring(names(new Work()))).toBeGreaterThan(15);
    expect(await names(new Work())).toEqual(await names());
  });

  test("pauses within one name if the vocabulary is large", async () => {
    const vocabulary = vocabularyOf(1000);
    const cache = new DistributionCache(new EndlessModel(1000));
    const search = new NameSearch(cache, vocabulary, {
      n: 1,
      seed: 1,
      temperature: 2,
      maxLength: 256,
      draws: "torch",
      work: new Work(),
    });
    expect(await turnsDuring(search.all())).toBeGreaterThan(20);
  });

  test("pauses while names are scored", async () => {
    const cache = new DistributionCache(new EndlessModel(27));
    const hash = (i: number, j: number) => 1 + Math.imul(Math.imul(i + 1, 7919) ^ (j + 1), 0x9e3779b1) >>> 8;
    const words = Array.from(
      { length: 100 },
      (_, i) => Array.from({ length: 256 }, (_, j) => 1 + hash(i, j) % 26),
    );
    const work = new Work();
    expect(await turnsDuring(logProbsOfWords(cache, words, work))).toBeGreaterThan(3);
    expect(await logProbsOfWords(cache, words, work)).toEqual(await logProbsOfWords(cache, words));
  });

  test("limits the size of a run by the cost of a row", async () => {
    for (
      const [model, most] of [
        [new EndlessModel(27), 1851],
        [new EndlessModel(1000), 50],
        [new EndlessModel(27, 1_000_000), 48],
      ] as const
    ) {
      const cache = new DistributionCache(model);
      await cache.askAll(Array.from({ length: 676 }, (_, i) => [1 + Math.floor(i / 26), 1 + i % 26]));
      expect(Math.max(...model.runs)).toBeLessThanOrEqual(most);
      expect(model.runs.length).toBeGreaterThan(0);
      const word = Array.from({ length: 4000 }, (_, i) => 1 + (i * 7919) % 23);
      await cache.ask([{ tokens: word, from: 0, to: word.length }]);
      expect(Math.max(...model.runs)).toBeLessThanOrEqual(most);
    }
  });

  test("limits the positions that are not in the cache", async () => {
    const vocabulary = vocabularyOf(27);
    let cache = new DistributionCache(new EndlessModel(27));
    const search = (work: Work) =>
      new NameSearch(cache, vocabulary, { n: 10, seed: 1, maxLength: 40, work }).all();
    await expect(search(new Work(100))).rejects.toThrow(WorkLimitError);
    await expect(search(new Work(100))).rejects.toThrow("at most 100 positions that are not in the cache");
    const names = await search(new Work(500));
    expect(await search(new Work(0))).toEqual(names); // all positions are in the cache now
    const word = [25, 24, 23, 22, 21, 20];
    cache = new DistributionCache(new EndlessModel(27));
    await expect(logProbsOfWords(cache, [word], new Work(6))).rejects.toThrow(WorkLimitError);
    expect(await logProbsOfWords(cache, [word], new Work(7))).toHaveLength(1);
  });

  test("draws no more names than the limit of characters allows", async () => {
    const next = vi.spyOn(Sampler.prototype, "next");
    onTestFinished(() => void next.mockRestore());
    const cache = new DistributionCache(new EndlessModel(2));
    const search = new NameSearch(cache, vocabularyOf(2), {
      n: 100,
      seed: 1,
      maxLength: 256,
      unique: true,
      maxSearchCharacters: 32_000,
    });
    expect(await search.all()).toHaveLength(1);
    // 100 names have 25,600 characters, and 26 more exceed the limit of 32,000.
    expect(next.mock.calls.reduce((sum, [count]) => sum + count, 0)).toBe(126);
  });

  test("limits the positions that an answer describes", () => {
    const work = new Work(Infinity, 10);
    work.addDescribed(10);
    expect(() => work.addDescribed(1)).toThrow("at most 10 positions one by one");
  });
});
