import { describe, expect, test } from "vitest";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { NameSearch, type SamplingOptions } from "../../shared/name_search.ts";
import { sample } from "../../shared/sampling.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { LETTERS, PROBABILITIES, TableModel } from "./table_model.ts";

const vocabulary = new Vocabulary(LETTERS);

function search(options: Partial<SamplingOptions>): NameSearch {
  return new NameSearch(new DistributionCache(new TableModel(PROBABILITIES)), vocabulary, {
    n: 50,
    seed: 1,
    ...options,
  });
}

async function names(options: Partial<SamplingOptions>): Promise<string[]> {
  return (await search(options).all()).map(({ name }) => name);
}

describe("NameSearch", () => {
  test("rejects training names, and keeps the order of the rest", async () => {
    const trainingNames = new Set(["a", "ab"]);
    const all = await names({ n: 500 });
    const rest = await names({ n: 100, trainingNames });
    expect(rest).toEqual(all.filter((name) => !trainingNames.has(name)).slice(0, 100));
  });

  test("rejects training names and repeats together", async () => {
    const trainingNames = new Set(["a", "ab"]);
    const found = await names({ n: 5, trainingNames, unique: true });
    expect(new Set(found).size).toBe(5);
    expect(found.filter((name) => trainingNames.has(name))).toEqual([]);
  });

  test.each([{}, { unique: true }, { known: new Set(["a"]) }, {
    unique: true,
    known: new Set(["a", "aaa"]),
  }])(
    "with %j, finds the same first names whatever n and the batch size are",
    async (options) => {
      const twenty = await names({ ...options, n: 20 });
      for (const n of [1, 2, 5, 10]) {
        const fewer = await names({ ...options, n });
        expect(fewer).toEqual(twenty.slice(0, fewer.length));
      }
      const some = search({ ...options, n: 20 });
      const found: string[] = [];
      while (!some.done) found.push(...(await some.next(3)).map(({ name }) => name));
      expect(found).toEqual(twenty);
    },
  );

  test("draws exactly the requested names if it rejects none", async () => {
    const all = search({ n: 7 });
    expect((await all.next(3)).length).toBe(3);
    expect(all.done).toBe(false);
    expect((await all.next(100)).length).toBe(4);
    expect([all.done, all.shortfall("names")]).toEqual([true, undefined]);
  });

  test("reports how many names it found, and how many it rejected for each reason", async () => {
    const repeats = search({ unique: true, maxLength: 2 });
    expect((await repeats.all()).length).toBe(4);
    expect(repeats.shortfall("names")).toBe("4 of 50 names: 1000 were drawn, of which 996 repeat others");

    const listed = search({ maxLength: 1, trainingNames: new Set(["a", "b"]) });
    expect(await listed.all()).toEqual([]);
    expect(listed.shortfall("names")).toBe(
      "0 of 50 names: 1000 were drawn, of which 1000 are in the training list",
    );

    const both = search({ unique: true, maxLength: 1, trainingNames: new Set(["a"]) });
    expect((await both.all()).map(({ name }) => name)).toEqual(["b"]);
    const [, fromList, repeated] = /(\d+) are in the training list and (\d+) repeat others$/.exec(
      both.shortfall("names")!,
    )!;
    expect(Number(fromList) + Number(repeated)).toBe(999);
    const drawn = await sample(new DistributionCache(new TableModel(PROBABILITIES)), vocabulary, {
      n: 1000,
      seed: 1,
      maxLength: 1,
    });
    expect(Number(fromList)).toBe(drawn.filter(({ name }) => name === "a").length);
  });

  test("stops after 32,000 characters if it draws only repeats", async () => {
    // An a always follows an a, so that every name is the same 256 characters.
    const endless = new DistributionCache(new TableModel([[0, 1, 0], [0, 1, 0], [1, 0, 0]]));
    const repeats = new NameSearch(endless, vocabulary, {
      n: 50,
      seed: 1,
      unique: true,
      maxLength: 256,
      maxSearchCharacters: 32_000,
    });
    expect((await repeats.all()).map(({ name }) => name)).toEqual(["a".repeat(256)]);
    // 125 names have 32,000 characters; 126 exceed the limit.
    expect(repeats.shortfall("names")).toBe("1 of 50 names: 126 were drawn, of which 125 repeat others");
    expect(repeats.done).toBe(true);
  });

  test("draws at least n names, whatever their length", async () => {
    const endless = new DistributionCache(new TableModel([[0, 1, 0], [0, 1, 0], [1, 0, 0]]));
    const repeats = new NameSearch(endless, vocabulary, {
      n: 200,
      seed: 1,
      unique: true,
      maxLength: 256,
      maxSearchCharacters: 32_000,
    });
    await repeats.all();
    expect(repeats.shortfall("towns")).toBe("1 of 200 towns: 200 were drawn, of which 199 repeat others");
  });

  test("looks for each name on, whatever the characters, where they are not limited", async () => {
    const endless = new DistributionCache(new TableModel([[0, 1, 0], [0, 1, 0], [1, 0, 0]]));
    const repeats = new NameSearch(endless, vocabulary, { n: 50, seed: 1, unique: true, maxLength: 256 });
    await repeats.all();
    expect(repeats.shortfall("names")).toBe("1 of 50 names: 1000 were drawn, of which 999 repeat others");
  });
});
