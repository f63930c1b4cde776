import { describe, expect, test } from "vitest";
import { wholeLines } from "../../../shared/whole_lines.ts";
import { denoTask } from "../../../trainer/commands/deno_task.ts";
import {
  type LineScorer,
  type LineScorerOptions,
  openLineScorer,
  type WrittenScores,
} from "../../../trainer/commands/line_scorer.ts";
import { scoreInOrder } from "../../../trainer/commands/score_in_order.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";

await startTensorFlow();

const threadsOf = (count: number, options: LineScorerOptions) => ({
  count,
  module: denoTask.scorerWorker!,
  options,
});

/**
 * Scores a text that arrives in chunks of some bytes.
 *
 * @param byOthers How many chunks other threads are given before this one has scored the first.
 */
async function scoreText(text: string, model: string, workers: number, byOthers: number) {
  const bytes = new TextEncoder().encode(text);
  const { promise: given, resolve } = Promise.withResolvers<void>();
  async function* chunks() {
    for (let i = 0; i * 1000 < bytes.length; i++) {
      if (i > byOthers) resolve();
      yield bytes.subarray(i * 1000, (i + 1) * 1000);
    }
  }
  const options = { models: "models", model, format: "ndjson", characters: true } as const;
  const own = until(given, await openLineScorer(options, denoTask.openLanguageModel));
  return scoreInOrder(own, wholeLines(chunks()), threadsOf(workers, options), 0);
}

/** A scorer that begins when a promise is resolved. */
function until(promise: Promise<void>, scorer: LineScorer): LineScorer {
  return {
    score: async (lines) => {
      await promise;
      return await scorer.score(lines);
    },
  };
}

async function written(scores: AsyncIterable<WrittenScores>) {
  const all = await Array.fromAsync(scores);
  return {
    text: all.map(({ text }) => new TextDecoder().decode(text)).join(""),
    lines: all.reduce((sum, { lines }) => sum + lines, 0),
    errors: all.flatMap(({ errors }) => errors.map(({ line }) => line)),
    end: all.at(-1)!.end,
  };
}

describe("scoreInOrder", () => {
  test.each(["mlp", "gru"])("writes the same bytes with two threads as with one: %s", async (model) => {
    const names = (await readList(DEFAULT_LIST)).lines.slice(0, 2000);
    const text = `\ufeff${names.join("\n")}\nr2\n\ufeffada\n${names.slice(0, 500).join("\r\n")}`;
    const one = await written(await scoreText(text, model, 1, 0));
    expect(one.lines).toBe(2502);
    expect(one.errors).toEqual([2001, 2002]);
    expect(one.end).toBe(new TextEncoder().encode(text).length);
    expect(await written(await scoreText(text, model, 2, 4))).toEqual(one);
    expect(await written(await scoreText(text, model, 3, 7))).toEqual(one);
  });

  test("gives the scores of what has arrived while the input pauses", async () => {
    const options = { models: "models", model: "bigram", format: "ndjson", characters: false } as const;
    const [given, paused] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    async function* chunks() {
      yield new TextEncoder().encode("ada\n");
      yield new TextEncoder().encode("bob\n");
      given.resolve();
      await paused.promise;
      yield new TextEncoder().encode("eve\n");
    }
    const own = until(given.promise, await openLineScorer(options, denoTask.openLanguageModel));
    const scores = scoreInOrder(own, wholeLines(chunks()), threadsOf(2, options), 0);
    expect((await scores.next()).value!.end).toBe(4);
    expect((await scores.next()).value!.end).toBe(8); // by the other thread
    paused.resolve();
    expect((await scores.next()).value!.end).toBe(12);
    expect((await scores.next()).done).toBe(true);
  });

  test("fails as a thread fails", async () => {
    const options = { models: "models", model: "bigram", format: "ndjson", characters: false } as const;
    async function* chunks() {
      while (true) yield new TextEncoder().encode("ada\n");
    }
    const missing = { ...options, model: "missing" };
    const scores = scoreInOrder(
      await openLineScorer(options, denoTask.openLanguageModel),
      wholeLines(chunks()),
      threadsOf(2, missing),
      0,
    );
    const untilItFails = async () => {
      for await (const _ of scores);
    };
    await expect(untilItFails()).rejects.toThrow("Cannot load model missing from models");
  });
});
