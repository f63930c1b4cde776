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
import { csvRow } from "../csv.ts";
import { tensorFlowModel } from "../evaluate.ts";
import { loadModel } from "../load_model.ts";
import { mapValues, toTensor } from "../parameters.ts";
import { type TextSink, textSink } from "../text_sink.ts";
import { modelsOption } from "./arguments.ts";

/** How often the bar is drawn, in milliseconds. */
const REDRAW = 250;
/** Most bad lines that are told of one by one. */
const MAX_REPORTED = 10;
/** What stands for standard input. */
const STANDARD_INPUT = "-";

/** The flags of the command. */
interface ScoreFlags {
  model: string;
  models: string;
  format: keyof typeof formats;
  characters: boolean;
  out?: string;
}

/** How scores are written. */
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
    title: "Invalid name",
    detail: `name ${error.message}`,
  };
}

/** `deno task score`. */
export const scoreCommand: Command = new Command("score")
  .description(
    "Score the names of a file, one a line: NLL, perplexity, and what share of real names is less likely. " +
      "The answers are those of POST /score.",
  )
  .argument("<file>", "UTF-8 text, one name a line; - is standard input")
  .requiredOption("--model <name>", "the model, as in models/NAME.json")
  .addOption(
    new Option("--format <format>", "how the scores are written").choices(Object.keys(formats)).default(
      "ndjson",
    ),
  )
  .option("--no-characters", "leave out the list of each name's characters (CSV has none)")
  .option("--out <file>", "where they go, whole or not at all (default: standard output)")
  .addOption(modelsOption())
  .addHelpText(
    "after",
    `
A line that cannot be scored is answered with its error, and the rest goes on; the exit code is then 2.

Examples:
  deno task score --model tuned names.txt
  deno task score --model tuned --format csv --out scores.csv names.txt
  sort names.txt | deno task score --model tuned --no-characters -`,
  )
  .action(async (file: string, flags: ScoreFlags) => {
    const scoring = await openScoring(flags);
    const input = await openInput(file);
    const format: Format = formats[flags.format];
    const characters = flags.characters && flags.format === "ndjson";
    const sink = await textSink(flags.out);
    let told: Told;
    try {
      await sink.write(format.head);
      told = await scoreInput(scoring, input, { characters }, format, sink);
    } catch (error) {
      await sink.abandon();
      throw error;
    }
    await sink.close();
    console.error(`${told.lines} lines, ${told.bad} of them with errors`);
    if (told.bad > 0) process.exitCode = 2;
  });

/** What there is to score, and how many bytes it has, if that is known. */
interface Input {
  chunks: AsyncIterable<Uint8Array>;
  bytes: number | null;
}

/** What is told at the end. */
interface Told {
  lines: number;
  bad: number;
}

async function openScoring({ model: name, models }: ScoreFlags): Promise<ScoringModel> {
  const { card, vocabulary, network, parameters } = await loadModel(models, name);
  const model = tensorFlowModel(network, mapValues(parameters, toTensor), vocabulary.size);
  return { card, vocabulary, cache: new DistributionCache(model), quantiles: cardQuantiles(card) };
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
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`Cannot read ${file}: ${code === "ENOENT" ? "there is no such file" : message}`);
  }
}

/** Scores all lines, and tells of the bad ones and how far it is. */
async function scoreInput(
  scoring: ScoringModel,
  { chunks, bytes }: Input,
  options: BulkOptions,
  format: Format,
  sink: TextSink,
): Promise<Told> {
  const told: Told = { lines: 0, bad: 0 };
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
      told.lines += lines.length;
      bar?.update(read, told.lines);
      for (const { line, result } of lines) {
        if (!("error" in result)) continue;
        told.bad++;
        if (told.bad <= MAX_REPORTED) bar?.clear();
        if (told.bad <= MAX_REPORTED) console.error(`line ${line}: ${refusalOf(result).detail}`);
        if (told.bad === MAX_REPORTED) console.error("… more are told of in the answers alone");
      }
    }
  } finally {
    bar?.stop();
  }
  return told;
}

/** A bar in a terminal. */
interface Bar {
  update(bytes: number, lines: number): void;
  /** Makes way for a line of text. */
  clear(): void;
  stop(): void;
}

/** A bar of how many bytes have been scored, in a terminal alone; without their number it counts lines. */
function progressBar(bytes: number | null): Bar | null {
  if (!process.stderr.isTTY) return null;
  const bar = new SingleBar({
    format: bytes === null
      ? "{lines} lines | {rate} lines/s"
      : "{bar} {percentage}% | {lines} lines | {rate} lines/s",
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 20,
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
