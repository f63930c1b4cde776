import { SingleBar } from "cli-progress";
import { Command, Option } from "commander";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import process from "node:process";
import { SCORE_FORMATS, type ScoreFormatName } from "../../shared/score_formats.ts";
import { wholeLines } from "../../shared/whole_lines.ts";
import { readFailure } from "../read_failure.ts";
import { modelsOption, wholeNumber } from "./arguments.ts";
import type { CommandLine } from "./command_line.ts";
import { MAX_TOLD_ERRORS, openLineScorer, type WrittenScores } from "./line_scorer.ts";
import { BAR } from "./progress.ts";
import { scoreInOrder } from "./score_in_order.ts";
import { type TextSink, textSink } from "./text_sink.ts";

/** Time between two updates of the bar, in milliseconds. */
const REDRAW = 250;
/** The file name that means standard input. */
const STANDARD_INPUT = "-";

/** The flags of the command. */
interface ScoreFlags {
  model: string;
  models: string;
  format: ScoreFormatName;
  characters: boolean;
  workers?: number;
  out?: string;
}

/** The command `score`. */
export function scoreCommand({ call, openLanguageModel, scorerWorker }: CommandLine): Command {
  const command = new Command("score")
    .description(
      "Score the lines of a file: NLL, perplexity, and the share of the list's things that are less likely. " +
        "The output is that of POST /score.",
    )
    .argument("<file>", "UTF-8 text, one thing a line; - is standard input")
    .requiredOption("--model <name>", "name of the model: NAME for models/NAME.json")
    .addOption(
      new Option("--format <format>", "output format").choices(Object.keys(SCORE_FORMATS)).default(
        "ndjson",
      ),
    )
    .option("--no-characters", "leave out the score of each character (CSV never has it)")
    .option("--out <file>", "file to write, atomically (default: standard output)")
    .addOption(modelsOption())
    .addHelpText(
      "after",
      `
For a line that cannot be scored the output has an error; the exit code is then 2.

Examples:
  ${call("score")} --model gru names.txt
  ${call("score")} --model gru --format csv --out scores.csv names.txt
  sort names.txt | ${call("score")} --model gru --no-characters -`,
    )
    .action(async (file: string, flags: ScoreFlags) => {
      const { model, models, format, workers = 1 } = flags;
      const options = { model, models, format, characters: flags.characters && format === "ndjson" };
      const scorer = await openLineScorer(options, openLanguageModel);
      const input = await openInput(file);
      const threads = scorerWorker === undefined ? null : { module: scorerWorker, count: workers, options };
      const scores = scoreInOrder(scorer, wholeLines(input.chunks), threads);
      const sink = await textSink(flags.out);
      let counts: Counts;
      try {
        await sink.write(SCORE_FORMATS[format].head);
        counts = await writeScores(scores, input.bytes, sink);
      } catch (error) {
        await sink.abandon();
        throw error;
      }
      await sink.close();
      console.error(
        `${counts.lines} ${counts.lines === 1 ? "line" : "lines"}, ${counts.bad} of them with errors`,
      );
      if (counts.bad > 0) process.exitCode = 2;
    });
  return scorerWorker === undefined ? command : command.option(
    "--workers <number>",
    "threads that score a long list; the output is the same with any number (default: one for each core)",
    wholeNumber(1, 64),
    availableParallelism(),
  );
}

/** The bytes to score, and their number if it is known. */
interface Input {
  chunks: AsyncIterable<Uint8Array>;
  bytes: number | null;
}

/** Counts that are printed at the end. */
interface Counts {
  lines: number;
  bad: number;
}

/** @throws {Error} If there is no such file, or it cannot be read. */
async function openInput(file: string): Promise<Input> {
  if (file === STANDARD_INPUT) return { chunks: process.stdin, bytes: null };
  try {
    const handle = await open(file);
    const stats = await handle.stat();
    await handle.close();
    if (stats.isDirectory()) throw new Error("it is a directory");
    return { chunks: createReadStream(file), bytes: stats.isFile() ? stats.size : null };
  } catch (error) {
    throw new Error(`Cannot read ${file}: ${readFailure(file, error as Error)}`);
  }
}

/**
 * Writes the scores of all lines. Prints errors and the progress to stderr.
 *
 * @param bytes How many bytes the list has, if that is known.
 */
async function writeScores(
  scores: AsyncIterable<WrittenScores>,
  bytes: number | null,
  sink: TextSink,
): Promise<Counts> {
  const counts: Counts = { lines: 0, bad: 0 };
  const bar = progressBar(bytes);
  let told = 0;
  try {
    for await (const { text, lines, bad, errors, end } of scores) {
      await sink.write(text);
      counts.lines += lines;
      counts.bad += bad;
      bar?.update(end, counts.lines);
      for (const { line, detail } of errors.slice(0, MAX_TOLD_ERRORS - told)) {
        bar?.clear();
        console.error(`line ${line}: ${detail}`);
        if (++told === MAX_TOLD_ERRORS) console.error("… further errors are only in the output");
      }
    }
  } finally {
    bar?.stop();
  }
  return counts;
}

/** A bar in a terminal. */
interface Bar {
  update(bytes: number, lines: number): void;
  /** Clears the bar's line, so that other text can be printed. */
  clear(): void;
  stop(): void;
}

/** A progress bar of bytes, or of lines if their number is not known; null if stderr is not a terminal. */
function progressBar(bytes: number | null): Bar | null {
  if (!process.stderr.isTTY) return null;
  const bar = new SingleBar({
    ...BAR,
    format: bytes === null
      ? "{lines} lines | {rate} lines/s"
      : "{bar} {percentage}% | {lines} lines | {rate} lines/s",
    clearOnComplete: true,
  });
  const started = performance.now();
  let drawn = 0;
  bar.start(bytes ?? 1, 0, { lines: 0, rate: "-" });
  return {
    update(done, lines) {
      if (performance.now() - drawn < REDRAW) return;
      drawn = performance.now();
      const rate = ((1000 * lines) / (performance.now() - started)).toFixed(0);
      bar.update(bytes === null ? 0 : done, { lines, rate });
    },
    clear: () => void process.stderr.write("\r\x1b[K"),
    stop: () => bar.stop(),
  };
}
