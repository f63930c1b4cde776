import { spawnSync } from "node:child_process";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { execPath } from "node:process";
import { DEFAULT_LIST } from "../trainer/list_file.ts";
import { alternate, type Bench, secondsOf } from "./measure.ts";

const ROUNDS = 3;
/** A list that takes ten seconds: starting the command and its threads takes one. */
const LINES = 8_000_000;
/** Where the list and its scores are written. */
const DIRECTORY = "build/bench";
const [LIST, SCORES] = [`${DIRECTORY}/names.txt`, `${DIRECTORY}/scores.ndjson`];

/**
 * `deno task score` with two workers, from its start to its end, beside one worker that has one core, and beside one worker that has
 * all: the garbage collector and the compiler of V8 take a second core as well. By wall time, which needs both cores.
 */
export const scoringWorkers: Bench = {
  title: `deno task score with two workers, ${LINES.toLocaleString("en")} lines`,
  async run(tell) {
    const names = await readFile(DEFAULT_LIST);
    const times = Math.ceil(LINES / names.filter((byte) => byte === 10).length);
    const lines = times * names.filter((byte) => byte === 10).length;
    await mkdir(DIRECTORY, { recursive: true });
    try {
      const list = await open(LIST, "w");
      for (let time = 0; time < times; time++) await list.writeFile(names);
      await list.close();
      tell(`${ROUNDS} rounds`);
      const { two, core, one } = await alternate(ROUNDS, {
        two: () => rate(lines, 2),
        core: () => rate(lines, 1, ["taskset", "-c", "0"]),
        one: () => rate(lines, 1),
      });
      const row = { unit: "lines/s", ours: two };
      return [
        { what: "mlp, without characters", ...row, peer: "one worker, on one core", theirs: core },
        { what: "mlp, without characters", ...row, peer: "one worker, on two cores", theirs: one },
      ];
    } finally {
      await rm(DIRECTORY, { recursive: true });
    }
  },
};

/** Lines a second of the command. */
function rate(lines: number, workers: number, on: readonly string[] = []): number {
  const flags = ["--model", "mlp", "--no-characters", "--workers", String(workers), "--out", SCORES];
  const [program, ...args] = [...on, execPath, "task", "--quiet", "score", ...flags, LIST];
  const started = secondsOf("wall");
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot score with ${workers} workers: ${stderr}`);
  return lines / (secondsOf("wall") - started);
}
