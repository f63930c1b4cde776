import { describe, expect, test } from "vitest";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { Sampler } from "../../shared/sampler.ts";
import { sample, type SamplingOptions } from "../../shared/sampling.ts";
import { score } from "../../shared/scoring.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { SLICE, Work } from "../../shared/work.ts";
import { UNIFORM_NAMES } from "../notebook_figures.ts";
import { hashedRow, windowModel } from "./distribution_cache/window_models.ts";
import { LETTERS, PROBABILITIES, TableModel } from "./table_model.ts";

const vocabulary = new Vocabulary(LETTERS);

async function names(options: Partial<SamplingOptions>, probabilities = PROBABILITIES): Promise<string[]> {
  const sampled = await sample(new DistributionCache(new TableModel(probabilities)), vocabulary, {
    n: 50,
    seed: 1,
    ...options,
  });
  return sampled.map(({ name }) => name);
}

/** How many tokens and boundaries names have. */
async function drawsOf(options: SamplingOptions, cache: DistributionCache): Promise<number> {
  const sampled = await sample(cache, vocabulary, options);
  return sampled.reduce((sum, { name }) => sum + name.length + 1, 0);
}

describe("sample", () => {
  test("the same seed gives the same names, another seed others", async () => {
    expect(await names({ seed: 5 })).toEqual(await names({ seed: 5 }));
    expect(await names({ seed: 5 })).not.toEqual(await names({ seed: 6 }));
    expect(await names({ seed: 5 })).not.toEqual(await names({ seed: 2 ** 32 + 5 }));
  });

  test("fewer names are the beginning of more, across batches too", async () => {
    const many = await names({ n: 1500 });
    expect(many.length).toBe(1500);
    expect(await names({ n: 10 })).toEqual(many.slice(0, 10));
    expect(await names({ n: 1100 })).toEqual(many.slice(0, 1100));
  });

  test("asks the model for each context once, all names that wait together", async () => {
    const model = new TableModel(PROBABILITIES);
    const cache = new DistributionCache(model);
    await sample(cache, vocabulary, { n: 100, seed: 1 });
    expect(model.batches).toEqual([1, 2]); // the beginning, then after a and after b
    await sample(cache, vocabulary, { n: 1000, seed: 2, temperature: 2 });
    expect(model.batches).toEqual([1, 2]);
  });

  test("gives the same names from a cold cache, a warm one, and one that forgets all the time", async () => {
    const options = { n: 200, seed: 9, temperature: 1.3, prefix: "a", maxLength: 9 };
    const cold = await sample(new DistributionCache(new TableModel(PROBABILITIES, 3)), vocabulary, options);
    const warm = new DistributionCache(new TableModel(PROBABILITIES, 3));
    await sample(warm, vocabulary, { n: 500, seed: 1 });
    expect(await sample(warm, vocabulary, options)).toEqual(cold);
    const forgetful = new DistributionCache(new TableModel(PROBABILITIES, 3), { bytes: 0 });
    expect(await sample(forgetful, vocabulary, options)).toEqual(cold);
  });

  test("gives the same names together as one by one, while the cache forgets and links nodes anew", async () => {
    const contextLength = 3;
    const model = windowModel(5, contextLength, (contexts) => {
      const rows = Array.from(
        { length: contexts.length / contextLength },
        (_, i) => [...hashedRow(contexts.subarray(i * contextLength, (i + 1) * contextLength))],
      );
      return Float32Array.from(rows.flat());
    });
    const letters = new Vocabulary("abcd");
    for (const options of [{}, { maxLength: 1 }, { minLength: 0 }, { prefix: "ab", maxLength: 5 }]) {
      const together = await sample(new DistributionCache(model), letters, { n: 300, seed: 4, ...options });
      const alone = new DistributionCache(model);
      for (let n = 1; n < 40; n++) {
        const names = await sample(alone, letters, { n, seed: 4, ...options });
        expect(names).toEqual(together.slice(0, n));
      }
    }
    const whole = new DistributionCache(model);
    for (let bytes = 1000; bytes < 12_000; bytes += 1000) {
      const forgetful = new DistributionCache(model, { bytes });
      for (let seed = 0; seed < 100; seed++) {
        const options = { n: 32, seed };
        expect(await sample(forgetful, letters, options)).toEqual(await sample(whole, letters, options));
      }
    }
  });

  test("draws no more where a pause is due", async () => {
    const cache = new DistributionCache(new TableModel(PROBABILITIES));
    await sample(cache, vocabulary, { n: 100, seed: 1 });
    const options = { n: 40, seed: 1, minLength: 0 };
    const work = new Work();
    expect(new Sampler(cache, vocabulary, { ...options, work }).next(40)).not.toBeInstanceOf(Promise);
    expect(work.left).toBeCloseTo(SLICE - 1e-4 * (await drawsOf(options, cache)), 9);
    work.addEffort(SLICE);
    expect(new Sampler(cache, vocabulary, { ...options, work }).next(40)).toBeInstanceOf(Promise);
  });

  test("gives each name the likelihood that scoring gives it", async () => {
    const cache = new DistributionCache(new TableModel(PROBABILITIES));
    const options = { n: 40, seed: 3, temperature: 1.7, topK: 2, prefix: "a", minLength: 2, maxLength: 4 };
    const sampled = await sample(cache, vocabulary, options);
    expect(sampled).toHaveLength(40);
    for (const { name, ...figures } of sampled) {
      const { logLikelihood, nll, perplexity } = await score(cache, vocabulary, name);
      expect(figures).toEqual({ logLikelihood, nll, perplexity });
    }
  });

  test("begins every name with the prefix, as the vocabulary reads it", async () => {
    const all = await names({ prefix: "AA", n: 50 });
    expect(all).toEqual(new Array(50).fill(expect.stringMatching(/^aa/)));
    await expect(names({ prefix: "ax" })).rejects.toThrow('character "x" at position 2');
  });

  test("keeps the lengths, the prefix counted", async () => {
    const lengths = (await names({ minLength: 3, maxLength: 5, prefix: "a", n: 300 }, [
      [0, 0.75, 0.25],
      [0.5, 0.25, 0.25],
      [0.5, 0.25, 0.25],
    ])).map((name) => name.length);
    expect(new Set(lengths)).toEqual(new Set([3, 4, 5]));
    expect(await names({ prefix: "aab", maxLength: 3, n: 1 })).toEqual(["aab"]);
  });

  test("makes no empty name, unless it may", async () => {
    const mostlyEmpty = [[0.9, 0.1, 0], [1, 0, 0], [1, 0, 0]];
    expect(new Set(await names({}, mostlyEmpty))).toEqual(new Set(["a"]));
    expect(new Set(await names({ minLength: 0 }, mostlyEmpty))).toEqual(new Set(["a", ""]));
  });

  test("draws letters in their proportions where a name may not end yet", async () => {
    const first = async (row: number[], options: Partial<SamplingOptions> = {}) => {
      const table = new TableModel([row, ...row.slice(1).map(() => [1, ...row.slice(1).fill(0)])]);
      const letters = new Vocabulary("abc".slice(0, row.length - 1));
      const sampled = await sample(new DistributionCache(table), letters, { n: 10_000, seed: 5, ...options });
      return sampled.map(({ name }) => name);
    };
    const half = await first([0.5, 0.3, 0.2]);
    expect(new Set(half)).toEqual(new Set(["a", "b"]));
    // 6,000 are expected, with a standard deviation of 49.
    expect(Math.abs(half.filter((name) => name === "a").length - 6000)).toBeLessThan(200);
    // The boundary is nearly certain: the letters are drawn from their own probabilities.
    const rare = await first([1 - 4e-9, 3e-9, 0, 1e-9]);
    expect(new Set(rare)).toEqual(new Set(["a", "c"]));
    // 7,500 are expected, with a standard deviation of 43.
    expect(Math.abs(rare.filter((name) => name === "a").length - 7500)).toBeLessThan(180);
  });

  test("ends a name early where nothing else is possible", async () => {
    const afterB = (await names({ minLength: 9, maxLength: 9 })).filter((name) => name.includes("b"));
    expect(afterB.length).toBeGreaterThan(0);
    for (const name of afterB) expect(name).toMatch(/^a*b$/);
  });

  test("repeats no name when told so, and stops where there are no more", async () => {
    const unique = await names({ unique: true, maxLength: 2 });
    expect([...unique].sort()).toEqual(["a", "aa", "ab", "b"]);
    const some = await names({ unique: true, n: 3, maxLength: 2 });
    expect(unique.slice(0, 3)).toEqual(some);
  });

  test("draws what is likeliest when only one character may be drawn", async () => {
    expect(new Set(await names({ topK: 1, maxLength: 3 }))).toEqual(new Set(["a"]));
    expect(new Set(await names({ topP: 0.01, maxLength: 3 }))).toEqual(new Set(["a"]));
  });

  test("draws first letters in the model's proportions, at every temperature", async () => {
    const first = [0, 0.4, 0.3, 0.15, 0.1, 0.05];
    const table = [first, ...first.slice(1).map(() => [1, 0, 0, 0, 0, 0])];
    for (const temperature of [0.5, 1, 2]) {
      const sampled = await sample(new DistributionCache(new TableModel(table)), new Vocabulary("abcde"), {
        n: 100_000,
        seed: 17,
        temperature,
      });
      const weights = first.slice(1).map((probability) => probability ** (1 / temperature));
      const total = weights.reduce((a, b) => a + b);
      const chiSquared = weights.reduce((sum, weight, i) => {
        const expected = (100_000 * weight) / total;
        const seen = sampled.filter(({ name }) => name === "abcde"[i]).length;
        return sum + (seen - expected) ** 2 / expected;
      }, 0);
      expect(chiSquared).toBeLessThan(18.47); // 4 degrees of freedom, 0.1%
    }
  });

  test("with torch's draws, draws from one generator, name after name", async () => {
    const cache = new DistributionCache(new TableModel(PROBABILITIES));
    const options = { seed: 1, minLength: 0, draws: "torch" } as const;
    const five = await sample(cache, vocabulary, { ...options, n: 5 });
    expect(five.map(({ name }) => name)).toEqual(["a", "a", "b", "ab", "a"]); // as PyTorch 1.13 draws
    expect(await sample(cache, vocabulary, { ...options, n: 3 })).toEqual(five.slice(0, 3));
  });

  test("with torch's draws from a uniform distribution, makes the bigram notebook's names", async () => {
    const uniform = new TableModel(Array.from({ length: 27 }, () => new Array<number>(27).fill(1 / 27)));
    const cache = new DistributionCache(uniform);
    const alphabet = new Vocabulary("abcdefghijklmnopqrstuvwxyz");
    const options = { n: 10, seed: 2147483647, minLength: 0, maxLength: 256, draws: "torch" } as const;
    const sampled = await sample(cache, alphabet, options);
    expect(sampled.map(({ name }) => name)).toEqual(UNIFORM_NAMES);
  });
});
