import { describe, expect, test } from "vitest";
import { BrokenModelError } from "../../../shared/broken_model_error.ts";
import type { CacheMemory } from "../../../shared/distribution_cache/cache_memory.ts";
import { StaleCursorError } from "../../../shared/distribution_cache/cursor.ts";
import { DistributionCache } from "../../../shared/distribution_cache/distribution_cache.ts";
import type { LanguageModel } from "../../../shared/language_model.ts";
import { NameStream } from "../../../shared/random/name_stream.ts";
import { PROBABILITIES, TableModel } from "../table_model.ts";
import { HashModel, windowModel } from "./window_models.ts";

/** Bytes of a node of a {@link HashModel} with a context of one token: young, old, and its key twice. */
const BYTES_PER_NODE = 4 * 3 * 5 + 4 * 5 + 2 * (2 + 16);

/** A model to which all tokens are equally likely after any context. */
function uniformModel(vocabularySize: number, contextLength: number, batches: number[] = []): LanguageModel {
  return windowModel(vocabularySize, contextLength, ({ length }) => {
    batches.push(length / contextLength);
    return new Float32Array((length / contextLength) * vocabularySize).fill(-Math.log(vocabularySize));
  });
}

/** Every context of some length over 5 tokens, from one number to another. */
function contexts(length: number, from: number, to: number): number[][] {
  return Array.from(
    { length: to - from },
    (_, i) => Array.from({ length }, (_, place) => Math.floor((from + i) / 5 ** (length - 1 - place)) % 5),
  );
}

/** Asks for some beginnings. */
async function ask(cache: DistributionCache, ...beginnings: number[][]): Promise<void> {
  await cache.ask(beginnings.map((tokens) => ({ tokens, from: tokens.length, to: tokens.length })));
}

/** The rows of some beginnings, asked for together until all have been there. */
async function rowsOf(cache: DistributionCache, beginnings: number[][]): Promise<Float32Array[]> {
  const cursor = cache.cursor();
  const rows: Float32Array[] = [];
  let missing = [...beginnings.keys()];
  while (true) {
    missing = missing.filter((i) => {
      if (!cursor.seek(beginnings[i], beginnings[i].length)) return true;
      rows[i] = cursor.logProbs();
      return false;
    });
    if (missing.length === 0) return rows;
    await ask(cache, ...missing.map((i) => beginnings[i]));
  }
}

function expected(model: HashModel, asked: number[][]): Float32Array[] {
  return asked.map((context) => model.row(context));
}

function has(cache: DistributionCache, tokens: number[]): boolean {
  return cache.cursor().seek(tokens, tokens.length);
}

describe("DistributionCache", () => {
  test("gives the rows that the model gives, and asks for each once", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    const all = contexts(4, 0, 625);
    expect(await rowsOf(cache, all)).toEqual(expected(model, all));
    expect(await rowsOf(cache, all)).toEqual(expected(model, all));
    expect(await rowsOf(cache, contexts(4, 100, 130))).toEqual(expected(model, contexts(4, 100, 130)));
    expect(model.batches).toEqual([625]);
    expect(cache.size).toBe(625);
  });

  test("asks for a context once however often it is wanted", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    const asked = [[1, 2], [3, 4], [1, 2], [0, 1, 2]];
    expect(await rowsOf(cache, asked)).toEqual(expected(model, [[1, 2], [3, 4], [1, 2], [1, 2]]));
    expect(model.batches).toEqual([2]);
  });

  test("asks for every beginning of a word that is wanted", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    await cache.ask([{ tokens: [3, 1, 4], from: 1, to: 3 }]);
    expect([[], [3], [3, 1], [3, 1, 4]].map((tokens) => has(cache, tokens))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test("takes together what is asked for during a run, and never runs the model twice at once", async () => {
    const model = new HashModel(3);
    const cache = new DistributionCache(model);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => rowsOf(cache, contexts(3, 5 * i, 5 * i + 10))),
    );
    answers.forEach((rows, i) => expect(rows).toEqual(expected(model, contexts(3, 5 * i, 5 * i + 10))));
    expect(model.batches.length).toBeLessThanOrEqual(2);
    expect(model.batches.reduce((a, b) => a + b)).toBe(105);
  });

  test("keeps to its memory and stays right under a flood", async () => {
    const model = new HashModel(6);
    const cache = new DistributionCache(model, { bytes: 20_000 });
    for (let from = 0; from < 15_000; from += 300) {
      const asked = contexts(6, from, from + 300);
      expect(await rowsOf(cache, asked)).toEqual(expected(model, asked));
      expect(cache.size).toBeLessThan(2 * 250);
    }
  });

  test("takes 20 MiB by default", async () => {
    const cache = new DistributionCache(uniformModel(1001, 2));
    // A node of 1,001 tokens takes 16,056 bytes: 1,306 make a generation.
    for (let i = 0; i < 3000; i++) await ask(cache, [Math.floor(i / 1001), i % 1001]);
    expect(cache.size).toBe(1306 + (3000 - 2 * 1306));
  });

  test("keeps what is used often during a flood", async () => {
    const model = new HashModel(6);
    const cache = new DistributionCache(model, { bytes: 20_000 });
    const beginnings = contexts(6, 0, 20);
    await rowsOf(cache, beginnings);
    for (let from = 1000; from < 15_000; from += 50) {
      await rowsOf(cache, contexts(6, from, from + 50));
      const before = model.batches.length;
      await rowsOf(cache, beginnings);
      expect(model.batches.length).toBe(before);
    }
  });

  test("reports a failed run to those who asked, and runs the next", async () => {
    let fails = true;
    const table = new TableModel(PROBABILITIES);
    const cache = new DistributionCache({
      vocabularySize: 3,
      contextLength: 1,
      states: [],
      step: (asked, batch) => (fails ? Promise.reject(new Error("no memory")) : table.step(asked, batch)),
    });
    await expect(cache.logProbsAfter([1])).rejects.toThrow("no memory");
    fails = false;
    expect(await cache.logProbsAfter([1])).toEqual((await table.step(Int32Array.of(1), 1)).logProbs);
  });

  describe("with a model that gives a row that is not a distribution", () => {
    /** Two tokens; after `bad` the row is wrong. */
    function badAfter(bad: number): LanguageModel {
      return windowModel(
        2,
        1,
        (contexts) =>
          Float32Array.from([...contexts].flatMap((token) => token === bad ? [-1, -1] : [0, -Infinity])),
      );
    }

    test("rejects those who wait and those who come later, and does not ask it again", async () => {
      const reasons: string[] = [];
      const cache = new DistributionCache(badAfter(7), {
        onBroken: ({ message }) => void reasons.push(message),
      });
      expect(await cache.logProbsAfter([1])).toEqual(Float32Array.of(0, -Infinity));
      const waiting = [
        ask(cache, [2], [7], [3]), // together in a run
        ask(cache, [4]),
        cache.logProbsAfter([5]).then(() => cache.logProbsAfter([1])),
      ];
      for (const { status, reason } of await Promise.allSettled(waiting) as PromiseRejectedResult[]) {
        expect(status).toBe("rejected");
        expect(reason).toBeInstanceOf(BrokenModelError);
      }
      await expect(ask(cache, [1])).rejects.toThrow(
        "after the tokens 7 its probabilities add up to 0.7358, not to 1",
      );
      await expect(cache.logProbsAfter([1])).rejects.toThrow(BrokenModelError);
      expect(reasons).toEqual(["after the tokens 7 its probabilities add up to 0.7358, not to 1"]);
    });

    test("rejects those who wait for the next run, without running it", async () => {
      const runs: PromiseWithResolvers<Float32Array>[] = [];
      const cache = new DistributionCache(windowModel(2, 1, () => {
        runs.push(Promise.withResolvers());
        return runs.at(-1)!.promise;
      }));
      const first = ask(cache, [7]);
      while (runs.length === 0) await Promise.resolve();
      const second = ask(cache, [1]);
      runs[0].resolve(Float32Array.of(-1, -1));
      await expect(first).rejects.toThrow(BrokenModelError);
      await expect(second).rejects.toThrow(BrokenModelError);
      await expect(ask(cache, [2])).rejects.toThrow(BrokenModelError);
      expect(runs).toHaveLength(1);
    });

    test("keeps no node", async () => {
      const cache = new DistributionCache(badAfter(7));
      await expect(ask(cache, [1], [2], [7], [3])).rejects.toThrow(BrokenModelError);
      expect(cache.size).toBe(0);
      expect(has(cache, [1])).toBe(false);
    });

    test("does the same where it gives too few rows", async () => {
      const cache = new DistributionCache(windowModel(2, 1, () => Float32Array.of(0, -Infinity)));
      await expect(ask(cache, [1], [2])).rejects.toThrow(
        "it gave 2 log-probabilities for 2 contexts, not 2 for each",
      );
    });
  });

  describe("prefill", () => {
    test("asks for all contexts that a name can reach, where they are few", async () => {
      const model = new HashModel(3);
      const cache = new DistributionCache(model);
      await cache.prefill();
      expect(cache.size).toBe(1 + 4 + 16 + 64);
      expect(model.batches).toEqual([85]);
      const cursor = cache.cursor();
      for (const context of [[0, 0, 0], [0, 0, 3], [0, 2, 1], [4, 4, 4], [1, 2, 3]]) {
        expect(cursor.seek(context, 3)).toBe(true);
        expect(cursor.logProbs()).toEqual(model.row(context));
      }
      expect(has(cache, [1, 0, 2])).toBe(false); // the boundary comes only before a name
      const many = new DistributionCache(new HashModel(9));
      await many.prefill();
      expect(many.size).toBe(0);
    });

    test("asks in runs of at most 4,096", async () => {
      const batches: number[] = [];
      const cache = new DistributionCache(uniformModel(12, 4, batches));
      await cache.prefill();
      expect(batches).toEqual([4096, 4096, 4096, 16_105 - 3 * 4096]);
      expect(cache.size).toBe(16_105); // 1 + 11 + 11² + 11³ + 11⁴
    });

    test("asks for none of more than 32,768 contexts, nor of more than there is room for", async () => {
      const batches: number[] = [];
      await new DistributionCache(uniformModel(33, 3, batches), { bytes: 2 ** 26 }).prefill(); // 33,825 contexts
      expect(batches).toEqual([]);
      const model = new HashModel(3); // 85 contexts
      await new DistributionCache(model, { bytes: 84 * (BYTES_PER_NODE + 8) }).prefill();
      expect(model.batches).toEqual([]);
      await new DistributionCache(model, { bytes: 85 * (BYTES_PER_NODE + 8) }).prefill();
      expect(model.batches).toEqual([85]);
    });
  });

  describe("fillRuns", () => {
    const empty = { tokens: [], from: 0, to: 0 };

    test("computes contexts that nobody has asked for along with those that are missing", async () => {
      const model = new HashModel(3);
      const cache = new DistributionCache(model, { fillRuns: true });
      await cache.ask([{ tokens: [1, 2, 3], from: 3, to: 3 }]);
      expect(model.batches).toEqual([85]); // all
      const cursor = cache.cursor();
      for (const context of [[0, 0, 0], [0, 2, 1], [4, 4, 4], [1, 2, 3]]) {
        expect(cursor.seek(context, 3)).toBe(true);
        expect(cursor.logProbs()).toEqual(model.row(context));
      }
      await cache.ask([empty]);
      expect(model.batches).toEqual([85]);
    });

    test("computes no context twice, and some more in each run", async () => {
      const batches: number[] = [];
      const cache = new DistributionCache(uniformModel(12, 3, batches), { fillRuns: true });
      await cache.ask([{ tokens: [1, 1, 1], from: 3, to: 3 }]);
      await cache.ask([{ tokens: [11, 11, 11], from: 3, to: 3 }]);
      expect(batches).toEqual([166, 166]); // 0.2 ms, each token of 12 taking 0.1 µs
      expect(cache.size).toBe(332);
      for (let i = 0; i < 11 ** 3; i++) {
        const tokens = [i % 11, Math.floor(i / 11) % 11, Math.floor(i / 121)].map((letter) => 11 - letter);
        await cache.ask([{ tokens, from: 3, to: 3 }]);
      }
      expect(batches.reduce((a, b) => a + b)).toBe(1464); // 1 + 11 + 11² + 11³
    });

    test("begins again when the cache was cleared", async () => {
      const model = new HashModel(3);
      const cache = new DistributionCache(model, { fillRuns: true });
      await cache.ask([empty]);
      cache.clear();
      await cache.ask([empty]);
      expect(model.batches).toEqual([85, 85]);
    });

    test("computes no others unless all contexts have room, or without the option", async () => {
      const model = new HashModel(3);
      await new DistributionCache(model, { fillRuns: true, bytes: 84 * (BYTES_PER_NODE + 8) }).ask([empty]);
      await new DistributionCache(model).ask([empty]);
      expect(model.batches).toEqual([1, 1]);
    });
  });
});

describe("Cursor", () => {
  test("goes from node to node by tokens", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    await rowsOf(cache, contexts(2, 0, 25));
    const tokens: number[] = [];
    const cursor = cache.cursor();
    cursor.seek(tokens, 0);
    for (const token of [3, 1, 4, 4, 2, 1, 4]) {
      const row = cursor.logProbs();
      tokens.push(token);
      expect(cursor.choose(token)).toBe(token);
      expect(cursor.logProb).toBe(row[token]);
      expect(cursor.advance(tokens, tokens.length)).toBe(true);
      expect(cursor.logProbs()).toEqual(model.row([0, ...tokens].slice(-2)));
    }
  });

  test("does not link a cell to a row of another generation", async () => {
    const model = new HashModel(1);
    const cache = new DistributionCache(model, { bytes: 2 * BYTES_PER_NODE }); // two young nodes and two old ones
    for (const context of [1, 2, 0, 3]) await ask(cache, [context]);
    // The nodes of 1 and 2 are old, those of 0 and 3 young, and there is room for no third. Finding 1 starts a new
    // generation, and its row takes the place of the row of 0.
    const cursor = cache.cursor();
    cursor.seek([], 0);
    cursor.choose(1);
    expect(cursor.advance([1], 1)).toBe(true);
    expect(cursor.logProbs()).toEqual(model.row([1]));
    // The cell where 0 had token 1 is now another token's in the row of 1. It leads where that token leads.
    for (const token of [2, 3, 0, 4]) {
      cursor.seek([1], 1);
      cursor.choose(token);
      if (cursor.advance([1, token], 2)) expect(cursor.logProbs()).toEqual(model.row([token]));
    }
  });

  test.each([1, 2, 3, 7, 20])("is right at each step of a walk with room for %i nodes", async (nodes) => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model, { bytes: nodes * (BYTES_PER_NODE + 4) });
    const stream = new NameStream(7, nodes);
    const tokens: number[] = [];
    const cursor = cache.cursor();
    const seek = async () => {
      while (!cursor.seek(tokens, tokens.length)) await ask(cache, tokens);
    };
    await seek();
    for (let step = 0; step < 300; step++) {
      expect(cursor.logProbs()).toEqual(model.row([0, 0, ...tokens].slice(-2)));
      expect(cache.size).toBeLessThanOrEqual(2 * nodes);
      tokens.push(cursor.draw(stream));
      if (!cursor.advance(tokens, tokens.length)) await seek();
    }
  });

  test("notes where a token leads, and does not look up the context again", async () => {
    const model = new HashModel(2);
    const cache = new DistributionCache(model);
    await ask(cache, [], [3]);
    const cursor = cache.cursor();
    for (const tokens of [[3], []]) { // the second time the tokens are not read
      cursor.seek([], 0);
      cursor.choose(3);
      expect(cursor.advance(tokens, tokens.length)).toBe(true);
      expect(cursor.logProbs()).toEqual(model.row([0, 3]));
    }
  });

  test("forgets where the last token of a draft was drawn when it draws several together", async () => {
    const cache = new DistributionCache(new TableModel(PROBABILITIES));
    await cache.ask([{ tokens: [], from: 0, to: 0 }]);
    const parent = { row: 0, epoch: 0 };
    const stream = new NameStream(1, 1);
    const draft = {
      tokens: [],
      length: 0,
      logLikelihood: 0,
      stream,
      parent,
      complete: false,
      row: 0,
      cell: 0,
    };
    cache.cursor().drawTogether([draft], 9);
    expect(draft.length).toBe(1);
    expect(draft.parent.epoch).toBe(-1);
  });

  test("refuses to be used before it has a node", async () => {
    const cache = new DistributionCache(new HashModel(2));
    const cursor = cache.cursor();
    expect(() => cursor.logProbs()).toThrow(StaleCursorError);
    await ask(cache, []);
    expect(cursor.seek([1], 1)).toBe(false);
    for (
      const use of [
        () => cursor.draw(new NameStream(1, 1)),
        () => cursor.choose(1),
        () => cursor.advance([1], 1),
        () => cursor.logProbs(),
      ]
    ) {
      expect(use).toThrow(
        "Cannot use the cursor: it has no node or token, or its node may have been removed; seek first",
      );
    }
  });

  test("refuses to be used when its node may have been removed", async () => {
    const model = new HashModel(1);
    const cache = new DistributionCache(model, { bytes: 2 * BYTES_PER_NODE });
    const uses = [
      (cursor = cache.cursor()) => cursor.draw(new NameStream(1, 1)),
      (cursor = cache.cursor()) => cursor.choose(1),
      (cursor = cache.cursor()) => cursor.advance([1], 1),
      (cursor = cache.cursor()) => cursor.logProbs(),
    ];
    for (const use of uses) {
      await ask(cache, [1]);
      const cursor = cache.cursor();
      expect(cursor.seek([1], 1)).toBe(true);
      cursor.choose(2);
      expect(() => use(cursor)).not.toThrow();
      cursor.seek([1], 1);
      cursor.choose(2);
      for (const token of [2, 3, 4, 0]) await ask(cache, [token]); // its row is another node's now
      expect(() => use(cursor)).toThrow(StaleCursorError);
    }
  });

  test("is stale when the model turns out to be broken", async () => {
    const cache = new DistributionCache(
      windowModel(2, 1, ([token]) => token === 1 ? Float32Array.of(-1, -1) : Float32Array.of(0, -Infinity)),
    );
    await ask(cache, []);
    const cursor = cache.cursor();
    cursor.seek([], 0);
    await expect(ask(cache, [1])).rejects.toThrow(BrokenModelError);
    expect(() => cursor.logProbs()).toThrow(StaleCursorError);
  });
});

describe("memory that is shared with others", () => {
  /** Memory of some bytes, which may become more. */
  class Shared implements CacheMemory {
    taken = 0;

    constructor(public bytes: number) {}

    reserve(bytes: number, forced: boolean): boolean {
      if (!forced && this.taken + bytes > this.bytes) return false;
      this.taken += bytes;
      return true;
    }

    release(): void {
      this.taken = 0;
    }
  }

  test("bounds the nodes while there is no more, and gives right rows", async () => {
    const model = new HashModel(7);
    const memory = new Shared(600_000);
    const cache = new DistributionCache(model, { memory });
    const asked = contexts(7, 0, 12_000);
    expect(await rowsOf(cache, asked)).toEqual(expected(model, asked));
    expect(memory.taken).toBeLessThanOrEqual(600_000);
    expect(cache.size).toBeLessThan(9_000);

    memory.bytes = 3_000_000; // others have given some back
    expect(await rowsOf(cache, asked)).toEqual(expected(model, asked));
    expect(await rowsOf(cache, asked)).toEqual(expected(model, asked));
    expect(cache.size).toBeGreaterThanOrEqual(12_000);
    const more = contexts(7, 0, 40_000);
    expect(await rowsOf(cache, more)).toEqual(expected(model, more));
    expect(await rowsOf(cache, more)).toEqual(expected(model, more));
    expect(memory.taken).toBeLessThanOrEqual(3_000_000);
  });

  test("is needed for some nodes in any case", async () => {
    const model = new HashModel(6);
    const memory = new Shared(0);
    const cache = new DistributionCache(model, { memory });
    const asked = contexts(6, 0, 9_000);
    expect(await rowsOf(cache, asked)).toEqual(expected(model, asked));
    expect(cache.size).toBeLessThanOrEqual(2 * 2048);
    expect(cache.size).toBeGreaterThan(2048);
  });

  test("is given back when the cache is cleared, also during a run", async () => {
    const model = new HashModel(3);
    const memory = new Shared(1_000_000);
    const cache = new DistributionCache(model, { memory });
    const asked = contexts(3, 0, 125);
    const first = rowsOf(cache, asked);
    for (let i = 0; i < 10; i++) await Promise.resolve(); // the model runs until a timer goes off
    const second = rowsOf(cache, contexts(3, 50, 125));
    cache.clear(); // so the second waits for the next run, which has nothing to do any more
    expect(await first).toEqual(expected(model, asked));
    expect(await second).toEqual(expected(model, contexts(3, 50, 125)));
    expect(model.batches).not.toContain(0);
    cache.clear();
    expect([cache.size, memory.taken]).toEqual([0, 0]);
    expect(await rowsOf(cache, asked)).toEqual(expected(model, asked));
  });

  test("is not taken for all beginnings at once where there is not enough", async () => {
    const cache = new DistributionCache(uniformModel(27, 3), { memory: new Shared(2_000_000) });
    await cache.prefill();
    expect(cache.size).toBe(0);
  });
});
