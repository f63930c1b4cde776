import { describe, expect, test, vi } from "vitest";
import { BrokenModelError } from "../../../shared/broken_model_error.ts";
import { DistributionCache, type Gather } from "../../../shared/distribution_cache/distribution_cache.ts";
import { SLICE, Work, WorkLimitError } from "../../../shared/work.ts";
import { HashModel, windowModel } from "./window_models.ts";

describe("callers that go on together", () => {
  const later = (turns = 1) => new Promise((resolve) => setTimeout(resolve, turns));

  /** Asks for [first], [first, 1], [first, 1, 1] …, up to a length, one after the other. */
  async function askInSteps(
    cache: DistributionCache,
    first: number,
    { length = 3, gather, work }: { length?: number; gather?: Gather; work?: Work } = {},
  ): Promise<number> {
    const tokens = [first];
    const wanted = () => tokens.length > length ? [] : [{ tokens, from: tokens.length, to: tokens.length }];
    let calls = 0;
    while (tokens.length <= length) {
      calls++;
      const pause = work?.pause();
      if (pause) await pause;
      await cache.askOn(
        wanted(),
        () => {
          while (tokens.length <= length && cache.cursor().seek(tokens, tokens.length)) tokens.push(1);
          return wanted();
        },
        work,
        gather,
      );
      await later(first); // as on workerd, where each request continues in an event of its own
    }
    return calls;
  }

  test("share all runs", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    await Promise.all([1, 2, 3, 4].map((first) => askInSteps(cache, first)));
    expect(model.batches).toEqual([4, 4, 4]);
  });

  test("share them with those who gather at the same time", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    const asked = [1, 2, 3].map(async (first) => {
      await later(0);
      await askInSteps(cache, first, { gather: () => later(20) as Promise<void> });
    });
    await Promise.all(asked);
    expect(model.batches).toEqual([3, 3, 3]);
  });

  test("do not wait for one whose gathering never ends, as when its client has gone", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    void askInSteps(cache, 1, { gather: () => new Promise(() => {}) });
    await askInSteps(cache, 2, { gather: () => Promise.resolve() });
    expect(model.batches).toEqual([2, 2, 2]);
  });

  test("do not gather while the model runs", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    const first = askInSteps(cache, 1);
    const gather = vi.fn(() => Promise.resolve());
    await Promise.all([first, askInSteps(cache, 2, { gather })]);
    expect(gather).not.toHaveBeenCalled();
    await askInSteps(cache, 3, { gather });
    expect(gather).toHaveBeenCalledTimes(1);
  });

  test("are told whether there were others last time", async () => {
    const cache = new DistributionCache(new HashModel(4));
    const told: boolean[] = [];
    const gather = async (busy: boolean) => {
      told.push(busy);
      await later();
    };
    await Promise.all([askInSteps(cache, 1, { gather }), askInSteps(cache, 2, { gather })]);
    await askInSteps(cache, 3, { gather });
    await askInSteps(cache, 4, { gather });
    expect(told).toEqual([false, false, true, false]);
  });

  test("pause when their work says so, and go on with the next call", async () => {
    const cache = new DistributionCache(new HashModel(4));
    const work = new Work();
    const calls = askInSteps(cache, 1, { work });
    work.addEffort(SLICE);
    expect(await calls).toBe(2);
    expect(await askInSteps(cache, 2, { work: new Work() })).toBe(1);
  });

  test("count what the runs cost, and pause for it", async () => {
    const model = Object.assign(new HashModel(4), { multiplications: 40e6 }); // 4 ms a row
    const cache = new DistributionCache(model);
    expect(await askInSteps(cache, 1, { length: 4, work: new Work() })).toBe(2);
  });

  test("do not begin for those who still gather, when they are done", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    let [endFirst, endLater] = [() => {}, () => {}];
    const first = askInSteps(cache, 1, { gather: () => new Promise((resolve) => endFirst = resolve) });
    await askInSteps(cache, 2); // computes those of the first, too
    const other = askInSteps(cache, 3, { gather: () => new Promise((resolve) => endLater = resolve) });
    endFirst();
    await first;
    expect(model.batches).toEqual([2, 2, 2]);
    endLater();
    await other;
    expect(model.batches).toEqual([2, 2, 2, 1, 1, 1]);
  });

  test("fail alone where one of them asks for too much, or throws", async () => {
    const model = new HashModel(4);
    const cache = new DistributionCache(model);
    const greedy = askInSteps(cache, 1, { work: new Work(2) });
    const broken = cache.askOn([{ tokens: [2], from: 1, to: 1 }], () => {
      throw new Error("cannot go on");
    });
    await Promise.all([
      expect(greedy).rejects.toThrow(WorkLimitError),
      expect(broken).rejects.toThrow("cannot go on"),
      askInSteps(cache, 3),
    ]);
    expect(model.batches).toEqual([3, 2, 1]);
  });

  test("all learn that the model is broken, also while they gather", async () => {
    const cache = new DistributionCache(windowModel(2, 1, ({ length }) => new Float32Array(2 * length)));
    const failed = Promise.all(
      [1, 0].map((first) =>
        expect(askInSteps(cache, first, first === 1 ? { gather: () => later(20) as Promise<void> } : {}))
          .rejects.toThrow(BrokenModelError)
      ),
    );
    await failed;
    await expect(askInSteps(cache, 1)).rejects.toThrow(BrokenModelError);
  });
});
