import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openOnnxModel } from "../../../functions/inference/onnx_model.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { DistributionCache } from "../../../shared/distribution_cache/distribution_cache.ts";
import type { LanguageModel, StepOutput } from "../../../shared/language_model.ts";
import { parseModelCard } from "../../../shared/model_card.ts";
import { NameStream } from "../../../shared/random/name_stream.ts";
import { sample } from "../../../shared/sampling.ts";
import { logProbsOfWords } from "../../../shared/scoring.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { Work, WorkLimitError } from "../../../shared/work.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { attentionFiles, attentionLogProbs, gruFiles, gruLogProbs } from "../../stateful_models.ts";

const vocabulary = new Vocabulary("abcdefghijklmnopqrstuvwxyz");

/** A model that remembers the size of each step, and what it was given. */
class Watched implements LanguageModel {
  readonly vocabularySize: number;
  readonly contextLength: number | null;
  readonly states: LanguageModel["states"];
  readonly exactPasses?: boolean;
  readonly batches: number[] = [];
  /** The tokens of each beginning in each run; 1 for a step. */
  readonly times: number[] = [];
  #running = false;

  constructor(readonly model: LanguageModel) {
    ({ vocabularySize: this.vocabularySize, contextLength: this.contextLength, states: this.states } = model);
    this.exactPasses = model.exactPasses;
  }

  async step(
    tokens: Int32Array<ArrayBuffer>,
    batch: number,
    past: readonly Float32Array[],
  ): Promise<StepOutput> {
    if (this.#running) throw new Error("The model was run twice at once");
    this.#running = true;
    try {
      this.batches.push(batch);
      this.times.push(this.states.length > 0 ? tokens.length / batch : 1);
      return await this.model.step(tokens, batch, past);
    } finally {
      this.#running = false;
    }
  }

  get rows(): number {
    return this.batches.reduce((sum, batch, i) => sum + batch * this.times[i], 0);
  }
}

/** Log-probabilities that depend on every token of a beginning. */
function hashLogProbs(beginning: readonly number[]): number[] {
  const hash = beginning.reduce((hash, token) => Math.imul(hash ^ (token + 1), 0x01000193), 0x811c9dc5);
  const weights = Array.from({ length: 27 }, (_, token) => 1 + ((hash >>> (token % 16)) & 7));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => Math.log(weight / total));
}

/** A model without window and states: it is handed whole beginnings. */
const WHOLE_BEGINNINGS: LanguageModel = {
  vocabularySize: 27,
  contextLength: null,
  states: [],
  step: (tokens, batch) => {
    const time = tokens.length / batch;
    const rows = Array.from({ length: batch }, (_, i) => {
      const [boundary, ...beginning] = tokens.slice(i * time, (i + 1) * time);
      if (boundary !== 0) throw new Error(`A beginning started with token ${boundary}`);
      return hashLogProbs(beginning);
    });
    return Promise.resolve({ logProbs: Float32Array.from(rows.flat()), present: [] });
  },
};

/** A model whose state is the tokens so far, so that its passes are exact. */
const TOKEN_STATES: LanguageModel = {
  vocabularySize: 27,
  contextLength: null,
  states: [{ name: "tokens", shape: ["past", 1] }],
  exactPasses: true,
  step: (tokens, batch, [past]) => {
    const [time, before] = [tokens.length / batch, past.length / batch];
    const rows = Array.from({ length: batch * time }, (_, row) => {
      const [i, position] = [Math.floor(row / time), row % time];
      const [boundary, ...beginning] = [
        ...past.slice(i * before, (i + 1) * before),
        ...tokens.slice(i * time, i * time + position + 1),
      ];
      if (boundary !== 0) throw new Error(`A beginning started with token ${boundary}`);
      return hashLogProbs(beginning);
    });
    return Promise.resolve({
      logProbs: Float32Array.from(rows.flat()),
      present: [Float32Array.from(tokens)],
    });
  },
};

const reference: Record<string, (beginning: readonly number[]) => number[]> = {
  gru: gruLogProbs,
  attention: attentionLogProbs,
  whole: hashLogProbs,
  passes: hashLogProbs,
};
const models: Record<string, LanguageModel> = { whole: WHOLE_BEGINNINGS, passes: TOKEN_STATES };

beforeAll(async () => {
  await startOnnxRuntime();
  for (const { name, card, onnx } of [await gruFiles(), await attentionFiles()]) {
    models[name] = await openOnnxModel(onnx!, parseModelCard(card), WASM_RUNTIME);
  }
});

/** Random words, many of which begin alike. */
function words(count: number, maxLength: number, letters = 5): number[][] {
  const stream = new NameStream(3, 0);
  return Array.from(
    { length: count },
    () =>
      Array.from(
        { length: 1 + Math.floor(stream.uniform() * maxLength) },
        () => 1 + Math.floor(stream.uniform() * letters),
      ),
  );
}

describe.each(["gru", "attention", "whole", "passes"])("the tree of the model %s", (name) => {
  const cacheOf = (options = {}) => {
    const model = new Watched(models[name]);
    return { model, cache: new DistributionCache(model, options) };
  };

  test("gives the distributions of the model's equations", async () => {
    const { cache } = cacheOf();
    for (const beginning of [[], [1], [13, 1, 18], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 26, 5]]) {
      const logProbs = await cache.logProbsAfter(beginning);
      reference[name](beginning).forEach((expected, token) =>
        expect(logProbs[token]).toBeCloseTo(expected, 5)
      );
    }
  });

  test("scores a word in a step for each position, or one pass, and then from memory", async () => {
    const { model, cache } = cacheOf();
    const word = [13, 1, 18, 9, 1];
    const [logProbs] = await logProbsOfWords(cache, [word]);
    expect(model.times).toEqual(name === "passes" ? [6] : [1, 1, 1, 1, 1, 1]);
    [...word, 0].forEach((token, i) =>
      expect(logProbs[i]).toBeCloseTo(reference[name](word.slice(0, i))[token], 5)
    );
    expect(await logProbsOfWords(cache, [word])).toEqual([logProbs]);
    expect(model.rows).toBe(6);
    expect(cache.size).toBe(6);
  });

  test("gives the same bits alone, in batches, and however much is forgotten", async () => {
    const all = words(300, 12);
    const alone: number[][] = [];
    const single = cacheOf();
    for (const word of all) alone.push(...await logProbsOfWords(single.cache, [word]));
    const { model, cache } = cacheOf();
    expect(await logProbsOfWords(cache, all)).toEqual(alone);
    expect(Math.max(...model.batches)).toBeGreaterThan(100);
    // Each beginning once, whoever shares it. Passes may also have a few rows that nobody needs.
    const unused = model.rows - single.model.rows;
    expect(unused).toBeGreaterThanOrEqual(0);
    expect(unused).toBeLessThanOrEqual(model.exactPasses ? 6 * 12 : 0);
    for (const stateBytes of [0, 300, 3000]) {
      const forgetful = cacheOf({ bytes: 0, stateBytes });
      expect(await logProbsOfWords(forgetful.cache, all)).toEqual(alone);
      expect(await logProbsOfWords(forgetful.cache, all)).toEqual(alone);
    }
  });

  test("gives the same names for a seed, cold, warm and forgetful", async () => {
    const options = { n: 100, seed: 42, temperature: 1.2, prefix: "ma", maxLength: 20 };
    const { model, cache } = cacheOf();
    const cold = await sample(cache, vocabulary, options);
    expect(cold).toHaveLength(100);
    const asked = model.rows;
    expect(await sample(cache, vocabulary, options)).toEqual(cold);
    expect(model.rows).toBe(asked);
    expect(await sample(cacheOf({ bytes: 0, stateBytes: 0 }).cache, vocabulary, options)).toEqual(cold);
    expect(await sample(cacheOf().cache, vocabulary, { ...options, n: 10 })).toEqual(cold.slice(0, 10));
  });

  test("lets all who wait share a run", async () => {
    const { model, cache } = cacheOf();
    const all = words(40, 6);
    const together = await Promise.all(all.map((word) => logProbsOfWords(cache, [word])));
    expect(together.flat()).toEqual(await logProbsOfWords(cacheOf().cache, all));
    expect(model.batches.length).toBeLessThan(20);
  });

  test("keeps to its memory, in nodes and states", async () => {
    const { cache } = cacheOf({ bytes: 0, stateBytes: 0 });
    await sample(cache, vocabulary, { n: 1000, seed: 7, temperature: 3, maxLength: 12 });
    expect(cache.size).toBeGreaterThan(1024);
    expect(cache.size).toBeLessThanOrEqual(2048);
  });

  test("counts the positions that are computed", async () => {
    const { cache } = cacheOf();
    await expect(logProbsOfWords(cache, [[1, 2, 3]], new Work(3))).rejects.toThrow(WorkLimitError);
    expect(await logProbsOfWords(cacheOf().cache, [[1, 2, 3]], new Work(4))).toHaveLength(1);
  });
});

test("requests for unlikely beginnings, however many, do not take the place of likely ones", async () => {
  const model = new Watched(models.gru);
  const cache = new DistributionCache(model, { bytes: 0, stateBytes: 2 ** 20 }); // 2,048 nodes
  const short = { n: 100, seed: 1, maxLength: 2 };
  await sample(cache, vocabulary, short);
  const asked = model.rows;
  for (let seed = 0; seed < 20; seed++) { // each of these is more than there is room for
    await sample(cache, vocabulary, {
      n: 500,
      seed,
      temperature: 4,
      prefix: "q",
      minLength: 8,
      maxLength: 12,
    });
  }
  expect(model.rows - asked).toBeGreaterThan(20 * 2048);
  const before = model.rows;
  await sample(cache, vocabulary, short);
  expect(model.rows).toBe(before);
});

test.each(["gru", "attention", "whole", "passes"])(
  "%s gives the same if its cache is cleared during a run",
  async (name) => {
    const all = words(60, 8);
    const expected = await logProbsOfWords(new DistributionCache(models[name]), all);
    let runs = 0;
    const model: LanguageModel = {
      ...new Watched(models[name]),
      step: (...input) => {
        if ([1, 3, 12].includes(++runs)) cache.clear();
        return models[name].step(...input);
      },
    };
    const cache = new DistributionCache(model);
    expect(await logProbsOfWords(cache, all)).toEqual(expected);
  },
);

test("the nodes of a tree take 20 MiB by default", async () => {
  const model: LanguageModel = {
    vocabularySize: 1001,
    contextLength: null,
    states: [],
    step: (_, batch) =>
      Promise.resolve({
        logProbs: new Float32Array(1001 * batch).fill(-Math.log(1001)),
        present: [],
      }),
  };
  const cache = new DistributionCache(model);
  // A node of 1,001 tokens takes 6,036 bytes: there is room for 3,474.
  for (let first = 1; first <= 10; first++) {
    await cache.askAll(Array.from({ length: 1000 }, (_, i) => [first, 1 + i]));
    expect(cache.size).toBeLessThanOrEqual(3474);
  }
  expect(cache.size).toBeGreaterThan(3474 * 7 / 8 - 1);
});

test.each([["gru", 4 * 8 * 300], ["attention", 2 ** 20]])(
  "requests for unlikely beginnings at a time do not make each other compute theirs again, with %s",
  async (name, stateBytes) => {
    const model = new Watched(models[name]);
    const cache = new DistributionCache(model, { bytes: 0, stateBytes });
    let positions = 0;
    await Promise.all(Array.from({ length: 6 }, async (_, i) => {
      const options = { n: 100, seed: i, temperature: 4, minLength: 12, maxLength: 16 };
      for (const { name } of await sample(cache, vocabulary, options)) positions += name.length + 1;
    }));
    expect(model.rows / positions).toBeLessThan(1.1);
  },
);

test("what a run leaves waits once, however often it is asked for", async () => {
  const model = new Watched({ ...WHOLE_BEGINNINGS, multiplications: 500_000 }); // 0.05 ms a row
  const cache = new DistributionCache(Object.assign(model, { multiplications: 500_000 }));
  // Each is half of what a run may take, so that a run leaves 18 of these, which ask again.
  const all = Array.from({ length: 20 }, (_, i) => new Array<number>(90).fill(1 + i));
  await Promise.all(all.map((word) => logProbsOfWords(cache, [word])));
  expect(cache.size).toBe(1 + 20 * 90);
  expect(model.rows).toBe(1 + 20 * 90);
  const tokens = new Array<number>(90).fill(26);
  await cache.ask([{ tokens, from: 0, to: 90 }]);
  expect(cache.cursor().seek(tokens, 90)).toBe(true); // in the next run: nothing else waits any more
});

test("words that share nothing more go in one pass, but not with many rows that nobody needs", async () => {
  const times = async (lengths: number[]) => {
    const model = new Watched(TOKEN_STATES);
    const all = lengths.map((length, i) => [i + 1, ...new Array(length - 1).fill(1)]);
    const cache = new DistributionCache(model);
    await logProbsOfWords(cache, all);
    expect(cache.size).toBe(1 + lengths.reduce((a, b) => a + b)); // no beginning that nobody asked for
    return model.times;
  };
  expect(await times([5, 5, 5])).toEqual([1, 5]); // the empty beginning, which they share, and the rest
  expect(await times([4, 5, 3])).toEqual([1, 5]);
  expect(await times([5, 5, 40])).toEqual([1, 5, 35]);
  expect(await times([2, 2, 2, 2, 2, 2, 2, 2, 2, 9])).toEqual([1, 2, 7]);
});

test("a pass blocks the event loop no longer than a step may", async () => {
  const model = new Watched({ ...TOKEN_STATES, multiplications: 1_000_000 }); // 0.1 ms a row by the estimate
  const cache = new DistributionCache(Object.assign(model, { multiplications: 1_000_000 }));
  const word = new Array(256).fill(1);
  await logProbsOfWords(cache, [word]);
  expect(Math.max(...model.times)).toBe(cache.maxRun);
  expect(cache.maxRun).toBeLessThan(100);
  expect(model.rows).toBe(257);
});

test("names that are drawn together fall into step, though some have a start", async () => {
  const model = new Watched(models.attention);
  const cache = new DistributionCache(model);
  await sample(cache, vocabulary, { n: 200, seed: 1, maxLength: 12 });
  const before = model.batches.length;
  await sample(cache, vocabulary, { n: 50, seed: 2, maxLength: 12 });
  expect(model.batches.length - before).toBeLessThanOrEqual(12); // a run for each length at most
});

test("a long beginning is not kept waiting by new short ones", async () => {
  const cache = new DistributionCache(models.attention);
  const word = [1, 2, 3, 4, 5, 6];
  await logProbsOfWords(cache, [word]);
  let answered = false;
  const long = cache.logProbsAfter([...word, 7]).then(() => answered = true);
  for (let token = 2; token <= 26 && !answered; token++) {
    await cache.ask([{ tokens: [token], from: 1, to: 1 }]);
  }
  expect(answered).toBe(true);
  await long;
});

describe("a parent whose row is another node's now", () => {
  const ofTwo = { tokens: [2, 5], from: 0, to: 2 };
  /** A draft of two tokens, and a cache in which the row of its parent is that of the beginning [2]. */
  async function moved() {
    const cache = new DistributionCache(models.gru);
    await cache.ask([{ tokens: [1], from: 0, to: 1 }]);
    const cursor = cache.cursor();
    const draft = {
      tokens: [1, 5],
      length: 2,
      logLikelihood: 0,
      stream: new NameStream(1, 1),
      parent: { row: -1, epoch: -1 },
    };
    expect(cursor.seek(draft.tokens, 1)).toBe(true);
    cursor.leave(draft);
    expect(cursor.resume(draft)).toBe(false);
    cache.clear();
    await cache.ask([ofTwo]);
    return { cache, cursor, draft };
  }

  test("is not gone on from", async () => {
    const { cursor, draft } = await moved();
    expect(cursor.resume(draft)).toBe(false);
    expect(cursor.resume({ ...draft, tokens: ofTwo.tokens })).toBe(true);
  });

  test("does not count as the parent of a beginning that is asked for", async () => {
    const { cache, cursor, draft: { tokens, parent } } = await moved();
    await cache.ask([{ tokens, from: 2, to: 2, parent }]);
    expect(cursor.seek(tokens, 2)).toBe(true);
  });
});

test("any number of beginnings of any lengths can be asked for together", async () => {
  const cache = new DistributionCache(models.attention);
  const all = [[], [1], [2], [1, 2], [1, 2, 3], [4, 5, 6, 7], [1, 3]];
  await cache.askAll(all);
  const cursor = cache.cursor();
  expect(all.map((tokens) => cursor.seek(tokens, tokens.length))).toEqual(all.map(() => true));
});

test("names that wait for the same beginning count it once", async () => {
  const cache = new DistributionCache(models.gru);
  const options = { n: 50, seed: 1, maxLength: 1, work: new Work(1 + 26) }; // the empty beginning, and each letter
  expect(await sample(cache, vocabulary, options)).toHaveLength(50);
});

test("a run takes no more steps than there is room for, whoever waits", async () => {
  const model = new Watched(models.gru);
  const cache = new DistributionCache(model, { bytes: 0 }); // 2,048 nodes
  const stream = new NameStream(5, 0);
  const long = Array.from(
    { length: 20 },
    () => Array.from({ length: 256 }, () => 1 + Math.floor(stream.uniform() * 26)),
  ); // 5,140 beginnings
  const scored = await Promise.all(long.map((word) => logProbsOfWords(cache, [word])));
  for (const [logProbs] of scored) expect(logProbs).toHaveLength(257);
  expect(Math.max(...model.batches)).toBeLessThanOrEqual(4);
});

test("a state that was forgotten is made again from the nearest that is there", async () => {
  const model = new Watched(models.gru);
  const cache = new DistributionCache(model, { stateBytes: 0 }); // room for one state
  const word = [13, 1, 18, 9, 1];
  await logProbsOfWords(cache, [word]);
  expect(model.rows).toBe(6);
  await cache.logProbsAfter([...word, 3]); // the state after the word is the one that is there
  expect(model.rows).toBe(7);
  await cache.logProbsAfter([...word, 4]); // it is not any more: seven steps from the start
  expect(model.rows).toBe(7 + 7);
});

test("runs are short, and requests let others have the event loop between them", async () => {
  const slow: LanguageModel = {
    ...WHOLE_BEGINNINGS,
    multiplications: 40_000_000,
    step: models.gru.step.bind(models.gru),
    states: models.gru.states,
  };
  const cache = new DistributionCache(slow); // 4 ms a row by the estimate
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const words = Array.from({ length: 100 }, (_, i) => [1 + i % 26, 1 + Math.floor(i / 26)]);
  await logProbsOfWords(cache, words, new Work());
  clearInterval(timer);
  expect(turns).toBeGreaterThan(20);
});

test("a run takes several words only if their steps come to little time together", async () => {
  const slow: LanguageModel = { ...WHOLE_BEGINNINGS, multiplications: 5_000_000 }; // half a millisecond a row
  const cache = new DistributionCache(slow);
  const words = Array.from({ length: 10 }, (_, i) => new Array<number>(30).fill(1 + i));
  await cache.ask(words.map((tokens) => ({ tokens, from: 0, to: tokens.length })));
  expect(cache.size).toBe(31);
});

test("a run waits for no timer, which workerd may drop", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const slow: LanguageModel = { ...WHOLE_BEGINNINGS, multiplications: 40_000_000 };
  await logProbsOfWords(new DistributionCache(slow), [new Array(100).fill(1)]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a model whose state has another size than it says is broken", async () => {
  const wrong: LanguageModel = {
    ...WHOLE_BEGINNINGS,
    states: [{ name: "hidden", shape: [8] }],
    step: () =>
      Promise.resolve({ logProbs: new Float32Array(27).fill(-Math.log(27)), present: [new Float32Array(7)] }),
  };
  await expect(new DistributionCache(wrong).logProbsAfter([])).rejects.toThrow(
    "its state hidden has 7 numbers for 1 beginnings, not 8 for each",
  );
});

test("a step is given at most 8 MiB of states that grow", async () => {
  const sizes: number[] = [];
  const wide: LanguageModel = {
    vocabularySize: 27,
    contextLength: null,
    states: [{ name: "keys", shape: ["past", 4096] }],
    step(_, batch, [past]) {
      sizes.push(past.byteLength);
      const logProbs = new Float32Array(27 * batch).fill(-Math.log(27));
      return Promise.resolve({ logProbs, present: [new Float32Array(4096 * batch)] });
    },
  };
  const cache = new DistributionCache(wide, { stateBytes: 2 ** 28 });
  const letters = Array.from({ length: 20 }, (_, i) => i % 5 + 1);
  await cache.logProbsAfter(letters);
  await cache.askAll(Array.from({ length: 26 }, (_, i) => [...letters, i + 1]));
  await cache.askAll(
    Array.from({ length: 26 * 26 }, (_, i) => [...letters, 1 + Math.floor(i / 26), 1 + i % 26]),
  );
  expect(Math.max(...sizes)).toBeLessThanOrEqual(2 ** 23);
  expect(Math.max(...sizes)).toBeGreaterThan(2 ** 22);
});
