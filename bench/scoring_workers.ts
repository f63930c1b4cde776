import { readFile } from "node:fs/promises";
import { wholeLines } from "../shared/whole_lines.ts";
import { denoTask } from "../trainer/commands/deno_task.ts";
import { openLineScorer } from "../trainer/commands/line_scorer.ts";
import { scoreInOrder } from "../trainer/commands/score_in_order.ts";
import { DEFAULT_LIST } from "../trainer/list_file.ts";
import { startTensorFlow } from "../trainer/tensorflow.ts";
import { alternate, type Bench, type Clock, secondsOf } from "./measure.ts";

const ROUNDS = 3;
const LINES = 4_000_000;
/** As many bytes as a file is read in at a time. */
const CHUNK = 2 ** 16;

/** `deno task score` with two threads, beside one: by wall time, which needs both cores, and what it takes of CPU time. */
export const scoringWorkers: Bench = {
  title: `deno task score, ${LINES.toLocaleString("en")} lines with two workers, beside one`,
  async run(tell) {
    await startTensorFlow();
    const list = await readFile(DEFAULT_LIST);
    const times = Math.ceil(LINES / list.filter((byte) => byte === 10).length);
    tell(`${ROUNDS} rounds`);
    const rounds = (clock: Clock, count: number) =>
      alternate(count, {
        two: () => rate(clock, list, times, 2),
        one: () => rate(clock, list, times, 1),
      });
    const [wall, CPU] = [await rounds("wall", ROUNDS), await rounds("CPU", 1)];
    return [{
      what: "mlp, without characters",
      unit: "lines/s of wall time, two workers",
      ours: wall.two,
      peer: "one worker",
      theirs: wall.one,
      note: `lines/s of CPU time: ${CPU.two.median.toFixed(0)}, beside ${CPU.one.median.toFixed(0)}`,
    }];
  },
};

/** Lines a second of a list that is repeated. */
async function rate(
  clock: Clock,
  list: Uint8Array,
  times: number,
  workers: number,
): Promise<number> {
  const options = { models: "models", model: "mlp", format: "ndjson", characters: false } as const;
  async function* chunks() {
    for (let time = 0; time < times; time++) {
      for (let at = 0; at < list.length; at += CHUNK) yield list.subarray(at, at + CHUNK);
    }
  }
  const threads = { count: workers, module: denoTask.scorerWorker!, options };
  const started = secondsOf(clock);
  let lines = 0;
  const scorer = await openLineScorer(options, denoTask.openLanguageModel);
  for await (const scores of scoreInOrder(scorer, wholeLines(chunks()), threads)) {
    lines += scores.lines;
  }
  return lines / (secondsOf(clock) - started);
}
