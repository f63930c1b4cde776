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
    await cache.rememberAll();
    expect(cache.rows).toBe(1 + 4 + 16 + 64);
    expect(model.batches).toEqual([85]);
    for (const context of [[0, 0, 0], [0, 0, 3], [0, 2, 1], [4, 4, 4], [1, 2, 3]]) {
      const row = cache.find(Int32Array.from(context));
      expect(row).not.toBe(UNKNOWN);
      expect(cache.logProbsOf(row)).toEqual(model.row(context));
    }
    expect(cache.find(Int32Array.of(1, 0, 2))).toBe(UNKNOWN); // a boundary stands nowhere but before a name
    const many = new DistributionCache(new HashModel(9));
    await many.rememberAll();
    expect(many.rows).toBe(0);
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
});
