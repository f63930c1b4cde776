import { describe, expect, test } from "vitest";
import { wholeLines } from "../../../shared/whole_lines.ts";
import { denoTask } from "../../../trainer/commands/deno_task.ts";
import {
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

/** Scores a text that arrives in chunks of some bytes. */
async function scoreText(text: string, model: string, workers: number, startAfter = 0) {
  const bytes = new TextEncoder().encode(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  const options = { models: "models", model, format: "ndjson", characters: true } as const;
  const scorer = await openLineScorer(options, denoTask.openLanguageModel);
  return scoreInOrder(scorer, wholeLines(chunks()), threadsOf(workers, options), startAfter);
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
    const one = await written(await scoreText(text, model, 1));
    expect(one.lines).toBe(2502);
    expect(one.errors).toEqual([2001, 2002]);
    expect(one.end).toBe(new TextEncoder().encode(text).length);
    expect(await written(await scoreText(text, model, 2))).toEqual(one);
    expect(await written(await scoreText(text, model, 2, 1))).toEqual(one);
  });

  test("gives the scores of what has arrived while the input pauses", async () => {
    const options = { models: "models", model: "bigram", format: "ndjson", characters: false } as const;
    const { promise: paused, resolve } = Promise.withResolvers<void>();
    async function* chunks() {
      yield new TextEncoder().encode("ada\n");
      await paused;
      yield new TextEncoder().encode("bob\n");
    }
    const scores = scoreInOrder(
      await openLineScorer(options, denoTask.openLanguageModel),
      wholeLines(chunks()),
      threadsOf(2, options),
      0,
    );
    expect((await scores.next()).value!.lines).toBe(1);
    resolve();
    expect((await scores.next()).value!.end).toBe(8);
    expect((await scores.next()).done).toBe(true);
  });

  test("fails as a thread fails", async () => {
    const options = { models: "models", model: "bigram", format: "ndjson", characters: false } as const;
    async function* chunks() {
      yield new TextEncoder().encode("ada\n");
    }
    const missing = { ...options, model: "missing" };
    const scores = scoreInOrder(
      await openLineScorer(options, denoTask.openLanguageModel),
      wholeLines(chunks()),
      threadsOf(2, missing),
      0,
    );
    await expect(scores.next()).rejects.toThrow("Cannot load model missing from models");
  });
});
