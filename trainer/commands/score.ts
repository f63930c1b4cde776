import { SingleBar } from "cli-progress";
import { Command, Option } from "commander";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import process from "node:process";
import {
  type BulkOptions,
  type ScoredLine,
  scoreLines,
  type UnscoredName,
} from "../../shared/bulk_scoring.ts";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { cardQuantiles } from "../../shared/model_card.ts";
import type { ScoringModel } from "../../shared/score_record.ts";
import { loadModel } from "../load_model.ts";
import { readFailure } from "../read_failure.ts";
import { modelsOption } from "./arguments.ts";
import type { CommandLine } from "./command_line.ts";
import { csvRow } from "./csv.ts";
import { BAR } from "./progress.ts";
import { type TextSink, textSink } from "./text_sink.ts";

/** Time between two updates of the bar, in milliseconds. */
const REDRAW = 250;
/** Most errors that are printed to stderr. */
const MAX_PRINTED_ERRORS = 10;
/** The file name that means standard input. */
const STANDARD_INPUT = "-";

/** The flags of the command. */
interface ScoreFlags {
  model: string;
  models: string;
  format: keyof typeof formats;
  characters: boolean;
  out?: string;
}

/** An output format. */
interface Format {
  head: string;
  row(line: ScoredLine): string;
}

const formats = {
  ndjson: {
    head: "",
    row: ({ line, result }) =>
      `${
        JSON.stringify("error" in result ? { line, name: result.name, error: refusalOf(result) } : result)
      }\n`,
  },
  csv: {
    head: csvRow(["line", "name", "possible", "log_likelihood", "nll", "perplexity", "percentile", "error"]),
    row: ({ line, result }) => {
      if ("error" in result) {
        return csvRow([line, result.name, null, null, null, null, null, refusalOf(result).detail]);
      }
      const { name, possible, log_likelihood, nll, perplexity, percentile } = result;
      return csvRow([line, name, possible, log_likelihood, nll, perplexity, percentile, null]);
    },
  },
} satisfies Record<string, Format>;

/** Why a name has no score, as POST /score answers it. */
function refusalOf({ error }: UnscoredName): { type: string; title: string; detail: string } {
  return {
    type: "urn:edgemore:problem:invalid-name",
    title: "Invalid text",
    detail: error.message,
  };
}

/** The command `score`. */
export function scoreCommand({ call, openLanguageModel }: CommandLine): Command {
  return new Command("score")
    .description(
      "Score the lines of a file: NLL, perplexity, and the share of the list's things that are less likely. " +
        "The output is that of POST /score.",
    )
    .argument("<file>", "UTF-8 text, one thing a line; - is standard input")
    .requiredOption("--model <name>", "name of the model: NAME for models/NAME.json")
    .addOption(
      new Option("--format <format>", "output format").choices(Object.keys(formats)).default(
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
      const scoring = await openScoring(flags, openLanguageModel);
      const input = await openInput(file);
      const format: Format = formats[flags.format];
      const characters = flags.characters && flags.format === "ndjson";
      const sink = await textSink(flags.out);
      let counts: Counts;
      try {
        await sink.write(format.head);
        counts = await scoreInput(scoring, input, { characters }, format, sink);
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

async function openScoring(
  { model: name, models }: ScoreFlags,
  openLanguageModel: CommandLine["openLanguageModel"],
): Promise<ScoringModel> {
  const model = await loadModel(models, name);
  const { card, vocabulary } = model;
  const cache = new DistributionCache(await openLanguageModel(model));
  return { card, vocabulary, cache, quantiles: cardQuantiles(card) };
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

/** Scores all lines. Prints errors and the progress to stderr. */
async function scoreInput(
  scoring: ScoringModel,
  { chunks, bytes }: Input,
  options: BulkOptions,
  format: Format,
  sink: TextSink,
): Promise<Counts> {
  const counts: Counts = { lines: 0, bad: 0 };
  const bar = progressBar(bytes);
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      yield chunk;
      read += chunk.length;
    }
  }
  try {
    for await (const lines of scoreLines(scoring, counted(), options)) {
      await sink.write(lines.map(format.row).join(""));
      counts.lines += lines.length;
      bar?.update(read, counts.lines);
      for (const { line, result } of lines) {
        if (!("error" in result)) continue;
        counts.bad++;
        if (counts.bad <= MAX_PRINTED_ERRORS) bar?.clear();
        if (counts.bad <= MAX_PRINTED_ERRORS) console.error(`line ${line}: ${refusalOf(result).detail}`);
        if (counts.bad === MAX_PRINTED_ERRORS) console.error("… further errors are only in the output");
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
