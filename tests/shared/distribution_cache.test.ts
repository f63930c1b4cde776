import { describe, expect, test } from "vitest";
import { BrokenModelError } from "../../shared/broken_model_error.ts";
import { UNKNOWN } from "../../shared/context_table.ts";
import { DistributionCache } from "../../shared/distribution_cache.ts";
import type { LanguageModel } from "../../shared/language_model.ts";
import { NameStream } from "../../shared/random/name_stream.ts";
import { PROBABILITIES, TableModel } from "./table_model.ts";

/** A model over 5 tokens whose rows depend on the whole context, so that a mix-up of rows is seen. */
class HashModel implements LanguageModel {
  readonly vocabularySize = 5;
  /** How many contexts each call asked for. */
  readonly batches: number[] = [];
  #running = false;

  constructor(readonly contextLength: number) {}

  async logProbs(contexts: Int32Array<ArrayBuffer>): Promise<Float32Array> {
    if (this.#running) throw new Error("The model was asked twice at once");
    this.#running = true;
    await new Promise((resolve) => setTimeout(resolve));
    this.#running = false;
    const count = contexts.length / this.contextLength;
    this.batches.push(count);
    const rows = new Float32Array(count * 5);
    for (let i = 0; i < count; i++) {
      rows.set(this.row(contexts.subarray(i * this.contextLength, (i + 1) * this.contextLength)), i * 5);
    }
    return rows;
  }

  row(context: ArrayLike<number>): Float32Array {
    const seed = Array.from(context).reduce((sum, token) => sum * 5 + token + 1, 1);
    const weights = Array.from({ length: 5 }, (_, token) => 1 + ((seed * (token + 3)) % 17));
    const total = weights.reduce((a, b) => a + b);
    return Float32Array.from(weights, (weight) => Math.log(weight / total));
  }
}

/** What a row of a {@link HashModel} with a context of one token takes: young, old, and found twice. */
const BYTES_PER_ROW = 4 * 3 * 5 + 4 * 5 + 2 * (2 + 16);

/** A model to which all tokens are equally likely after any context. */
function uniformModel(vocabularySize: number, contextLength: number, batches: number[] = []): LanguageModel {
  return {
    vocabularySize,
    contextLength,
    logProbs: (contexts) => {
      batches.push(contexts.length / contextLength);
      const rows = new Float32Array((contexts.length / contextLength) * vocabularySize);
      return Promise.resolve(rows.fill(-Math.log(vocabularySize)));
    },
  };
}

/** Every context of some length over 5 tokens, from one number to another. */
function contexts(length: number, from: number, to: number): Int32Array<ArrayBuffer> {
  const all = Array.from(
    { length: to - from },
    (_, i) => Array.from({ length }, (_, place) => Math.floor((from + i) / 5 ** (length - 1 - place)) % 5),
  );
  return Int32Array.from(all.flat());
}

function expected(model: HashModel, asked: Int32Array): Float32Array {
  const rows: number[] = [];
  for (let i = 0; i < asked.length; i += model.contextLength) {
    rows.push(...model.row(asked.subarray(i, i + model.contextLength)));
  }
  return Float32Array.from(rows);
}

describe("DistributionCache", () => {
  test("gives the rows that the model gives, and asks for each once", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    const all = contexts(4, 0, 625);
    expect(await cache.logProbs(all)).toEqual(expected(model, all));
    expect(await cache.logProbs(all)).toEqual(expected(model, all));
    expect(await cache.logProbs(contexts(4, 100, 130))).toEqual(expected(model, contexts(4, 100, 130)));
    expect(model.batches).toEqual([625]);
    expect(cache.rows).toBe(625);
  });

  test("asks for a context once however often it stands in a batch", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    const asked = Int32Array.of(1, 2, 3, 4, 1, 2, 1, 2);
    expect(await cache.logProbs(asked)).toEqual(expected(model, asked));
    expect(model.batches).toEqual([2]);
  });

  test("takes together what is asked for while a run is under way, and never runs the model twice at once", async () => {
    const model = new HashModel(3);
    const cache = new DistributionCache(model);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => cache.logProbs(contexts(3, 5 * i, 5 * i + 10))),
    );
    answers.forEach((rows, i) => expect(rows).toEqual(expected(model, contexts(3, 5 * i, 5 * i + 10))));
    expect(model.batches.length).toBeLessThanOrEqual(2);
    expect(model.batches.reduce((a, b) => a + b)).toBe(105);
  });

  test("stays within its memory under a flood, and right", async () => {
    const model = new HashModel(6);
    const cache = new DistributionCache(model, 20_000);
    for (let from = 0; from < 15_000; from += 300) {
      const asked = contexts(6, from, from + 300);
      expect(await cache.logProbs(asked)).toEqual(expected(model, asked));
      expect(cache.rows).toBeLessThan(2 * 250);
    }
  });

  test("takes 20 MiB where nothing else is said", async () => {
    const cache = new DistributionCache(uniformModel(1001, 2));
    // A row of 1,001 tokens takes 16,056 bytes: 1,306 rows make a generation.
    for (let i = 0; i < 3000; i++) await cache.ask(Int32Array.of(Math.floor(i / 1001), i % 1001));
    expect(cache.rows).toBe(1306 + (3000 - 2 * 1306));
  });

  test("keeps what is used often while a flood goes past", async () => {
    const model = new HashModel(6);
    const cache = new DistributionCache(model, 20_000);
    const beginnings = contexts(6, 0, 20);
    await cache.logProbs(beginnings);
    for (let from = 1000; from < 15_000; from += 50) {
      await cache.logProbs(contexts(6, from, from + 50));
      const before = model.batches.length;
      await cache.logProbs(beginnings);
      expect(model.batches.length).toBe(before);
    }
  });

  test("a run that fails is told to who asked, and the next goes ahead", async () => {
    let fails = true;
    const table = new TableModel(PROBABILITIES);
    const cache = new DistributionCache({
      vocabularySize: 3,
      contextLength: 1,
      logProbs: (asked) => (fails ? Promise.reject(new Error("no memory")) : table.logProbs(asked)),
    });
    await expect(cache.logProbs(Int32Array.of(1))).rejects.toThrow("no memory");
    fails = false;
    expect(await cache.logProbs(Int32Array.of(1))).toEqual(await table.logProbs(Int32Array.of(1)));
  });

  describe("a model that gives a row that is not a distribution", () => {
    /** Two tokens; after `bad` the row is wrong. */
    function badAfter(bad: number, row = [-1, -1]): LanguageModel {
      return {
        vocabularySize: 2,
        contextLength: 1,
        logProbs: (contexts) =>
          Promise.resolve(
            Float32Array.from([...contexts].flatMap((token) => token === bad ? row : [0, -Infinity])),
          ),
      };
    }

    test("is not asked again: who waits hears of it, and so does who comes", async () => {
      const told: string[] = [];
      const cache = new DistributionCache(badAfter(7), undefined, ({ message }) => void told.push(message));
      expect(await cache.logProbs(Int32Array.of(1))).toEqual(Float32Array.of(0, -Infinity));
      const waiting = [
        cache.logProbs(Int32Array.of(2, 7, 3)), // together in a run
        cache.ask(Int32Array.of(4)),
        cache.logProbs(Int32Array.of(5)).then(() => cache.logProbs(Int32Array.of(1))),
      ];
      for (const { status, reason } of await Promise.allSettled(waiting) as PromiseRejectedResult[]) {
        expect(status).toBe("rejected");
        expect(reason).toBeInstanceOf(BrokenModelError);
      }
      const late = cache.ask(Int32Array.of(1));
      await expect(late).rejects.toThrow("after the tokens 7 its probabilities add up to 0.7358, not to 1");
      await expect(cache.logProbs(Int32Array.of(1))).rejects.toThrow(BrokenModelError);
      expect(told).toEqual(["after the tokens 7 its probabilities add up to 0.7358, not to 1"]);
    });

    test("is told of to who waits for the run after, in which it is not asked", async () => {
      const runs: PromiseWithResolvers<Float32Array>[] = [];
      const cache = new DistributionCache({
        vocabularySize: 2,
        contextLength: 1,
        logProbs: () => {
          runs.push(Promise.withResolvers());
          return runs.at(-1)!.promise;
        },
      });
      const first = cache.ask(Int32Array.of(7));
      while (runs.length === 0) await Promise.resolve();
      const second = cache.ask(Int32Array.of(1));
      runs[0].resolve(Float32Array.of(-1, -1));
      await expect(first).rejects.toThrow(BrokenModelError);
      await expect(second).rejects.toThrow(BrokenModelError);
      await expect(cache.ask(Int32Array.of(2))).rejects.toThrow(BrokenModelError);
      expect(runs).toHaveLength(1);
    });

    test("leaves no row behind", async () => {
      const cache = new DistributionCache(badAfter(7));
      await expect(cache.ask(Int32Array.of(1, 2, 7, 3))).rejects.toThrow(BrokenModelError);
      expect(cache.rows).toBe(0);
      expect(cache.find(Int32Array.of(1))).toBe(UNKNOWN);
    });

    test("or too few rows", async () => {
      const cache = new DistributionCache({
        vocabularySize: 2,
        contextLength: 1,
        logProbs: () => Promise.resolve(Float32Array.of(0, -Infinity)),
      });
      await expect(cache.ask(Int32Array.of(1, 2))).rejects.toThrow(
        "it gave 2 log-probabilities for 2 contexts, not 2 for each",
      );
    });
  });

  test("remembers all contexts that a name can reach, where they are few", async () => {
    const model = new HashModel(3);
    const cache = new DistributionCache(model);
    await cache.prefill();
    expect(cache.rows).toBe(1 + 4 + 16 + 64);
    expect(model.batches).toEqual([85]);
    for (const context of [[0, 0, 0], [0, 0, 3], [0, 2, 1], [4, 4, 4], [1, 2, 3]]) {
      const row = cache.find(Int32Array.from(context));
      expect(row).not.toBe(UNKNOWN);
      expect(cache.logProbsOf(row)).toEqual(model.row(context));
    }
    expect(cache.find(Int32Array.of(1, 0, 2))).toBe(UNKNOWN); // a boundary stands nowhere but before a name
    const many = new DistributionCache(new HashModel(9));
    await many.prefill();
    expect(many.rows).toBe(0);
  });

  test("remembers all contexts in runs of at most 4,096", async () => {
    const batches: number[] = [];
    const cache = new DistributionCache(uniformModel(12, 4, batches));
    await cache.prefill();
    expect(batches).toEqual([4096, 4096, 4096, 16_105 - 3 * 4096]);
    expect(cache.rows).toBe(16_105); // 1 + 11 + 11² + 11³ + 11⁴
  });

  test("remembers none of more than 32,768 contexts, nor of more than there is room for", async () => {
    const batches: number[] = [];
    await new DistributionCache(uniformModel(33, 3, batches), 2 ** 26).prefill(); // 33,825 contexts
    expect(batches).toEqual([]);
    const model = new HashModel(3); // 85 contexts
    await new DistributionCache(model, 84 * (BYTES_PER_ROW + 8)).prefill();
    expect(model.batches).toEqual([]);
    await new DistributionCache(model, 85 * (BYTES_PER_ROW + 8)).prefill();
    expect(model.batches).toEqual([85]);
  });

  test("walks from row to row by tokens", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    await cache.logProbs(contexts(2, 0, 25));
    const tokens: number[] = [];
    let row = cache.findAfter(tokens, 0);
    for (const token of [3, 1, 4, 4, 2, 1, 4]) {
      tokens.push(token);
      const cell = cache.cell(row, token);
      expect(cache.token(cell)).toBe(token);
      expect(cache.logProb(cell)).toBe(cache.logProbsOf(row)[token]);
      row = cache.advance(cell, tokens, tokens.length);
      expect(cache.logProbsOf(row)).toEqual(model.row([0, ...tokens].slice(-2)));
    }
    expect(cache.find(Int32Array.of(4, 4))).not.toBe(UNKNOWN);
  });

  test("does not link a cell to a row of another generation", async () => {
    const model = new HashModel(1);
    const cache = new DistributionCache(model, 2 * BYTES_PER_ROW); // two young rows and two old ones
    for (const context of [1, 2, 0, 3]) await cache.ask(Int32Array.of(context));
    // The rows of 1 and 2 are old, those of 0 and 3 young, and there is room for no third. Finding 1 starts a new
    // generation, and its row takes the place of the row of 0.
    const cell = cache.cell(cache.findAfter([], 0), 1);
    const row = cache.advance(cell, [1], 1);
    expect(cache.logProbsOf(row)).toEqual(model.row([1]));
    const token = cache.token(cell); // now a cell of the row of 1
    expect(token).not.toBe(1);
    expect(cache.logProbsOf(cache.advance(cell, [1, token], 2))).toEqual(model.row([token]));
  });

  test.each([1, 2, 3, 7, 20])(
    "gives the right row at each step of a walk with room for %i rows",
    async (rows) => {
      const model = new HashModel(2);
      const cache = new DistributionCache(model, rows * (BYTES_PER_ROW + 4));
      const stream = new NameStream(7, rows);
      const tokens: number[] = [];
      const rowOfEnd = async () => {
        const known = cache.findAfter(tokens, tokens.length);
        if (known !== UNKNOWN) return known;
        await cache.ask(Int32Array.from([0, 0, ...tokens].slice(-2)));
        return cache.findAfter(tokens, tokens.length);
      };
      let row = await rowOfEnd();
      for (let step = 0; step < 300; step++) {
        expect(cache.logProbsOf(row)).toEqual(model.row([0, 0, ...tokens].slice(-2)));
        expect(cache.rows).toBeLessThanOrEqual(2 * rows);
        const cell = cache.draw(row, stream);
        tokens.push(cache.token(cell));
        row = cache.advance(cell, tokens, tokens.length);
        if (row === UNKNOWN) row = await rowOfEnd();
      }
    },
  );

  test("notes where a cell leads to, and does not look at the context again", async () => {
    const cache = new DistributionCache(new HashModel(2));
    await cache.ask(Int32Array.of(0, 0, 0, 3));
    const cell = cache.cell(cache.findAfter([], 0), 3);
    const row = cache.advance(cell, [3], 1);
    expect(cache.advance(cell, [], 0)).toBe(row);
  });

  test("asks nothing where all rows are known", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    await cache.ask(Int32Array.of(0, 0));
    await cache.ask(Int32Array.of(0, 0));
    expect(model.batches).toEqual([1]);
  });

  test("is its own cache", () => {
    const cache = new DistributionCache(new HashModel(2));
    expect(DistributionCache.over(cache)).toBe(cache);
  });

  test("gives the log-probabilities of a name, as far as its rows are known", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    const logProbs: number[] = [];
    expect(cache.continueLogProbs([3, 1], logProbs)).toBe(false);
    expect(logProbs).toEqual([]);
    await cache.ask(Int32Array.of(0, 0, 0, 3));
    expect(cache.continueLogProbs([3, 1], logProbs)).toBe(false);
    expect(logProbs).toEqual([model.row([0, 0])[3], model.row([0, 3])[1]]);
    await cache.ask(Int32Array.of(3, 1));
    expect(cache.continueLogProbs([3, 1], logProbs)).toBe(true);
    expect(logProbs).toEqual([
      model.row([0, 0])[3],
      model.row([0, 3])[1],
      model.row([3, 1])[0],
    ]);
    expect(cache.continueLogProbs([3, 1], logProbs)).toBe(true);
    expect(logProbs).toHaveLength(3);
  });

  test("draws letters in a row's proportions without the boundary, and the boundary where nothing else is", async () => {
    const cache = new DistributionCache(new TableModel([[0.5, 0.3, 0.2], [0.999999, 1e-6, 0], [1, 0, 0]]));
    await cache.ask(Int32Array.of(0, 1, 2));
    const draw = (context: number, index: number) => {
      const row = cache.find(Int32Array.of(context));
      return cache.token(cache.drawLetter(row, new NameStream(5, index)));
    };
    const drawn = Array.from({ length: 10_000 }, (_, index) => draw(0, index));
    expect(drawn.every((token) => token === 1 || token === 2)).toBe(true);
    // 6,000 are expected, with a standard deviation of 49.
    expect(Math.abs(drawn.filter((token) => token === 1).length - 6000)).toBeLessThan(200);
    expect(draw(1, 0)).toBe(1); // after eight draws of the boundary, the letters are weighed alone
    expect(draw(2, 0)).toBe(0);
  });

  test("weighs letters alone where the boundary is nearly certain", async () => {
    const cache = new DistributionCache(new TableModel(new Array(4).fill([1 - 4e-9, 3e-9, 0, 1e-9])));
    await cache.ask(Int32Array.of(0));
    const row = cache.find(Int32Array.of(0));
    const drawn = Array.from(
      { length: 10_000 },
      (_, index) => cache.token(cache.drawLetter(row, new NameStream(1, index))),
    );
    expect(new Set(drawn)).toEqual(new Set([1, 3]));
    // 7,500 are expected, with a standard deviation of 43.
    expect(Math.abs(drawn.filter((token) => token === 1).length - 7500)).toBeLessThan(180);
  });
});
