import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { argv, exit } from "node:process";
import { bulk } from "./bulk.ts";
import { cache } from "./cache.ts";
import { http } from "./http.ts";
import type { Bench, Finding, ModelRow, Spread } from "./measure.ts";
import { middleware } from "./middleware.ts";
import { pageTraining } from "./page_training.ts";
import { peers } from "./peers.ts";
import { processes } from "./processes.ts";
import { rateLimit } from "./rate_limit.ts";
import { sampling } from "./sampling.ts";
import { scoring } from "./scoring.ts";
import { scoringWorkers } from "./scoring_workers.ts";
import { start } from "./start.ts";
import { training } from "./training.ts";
import { trainingGru, trainingTransformer } from "./training_words.ts";
import { trainingWorkers } from "./training_workers.ts";

/** All benchmarks, by their names on the command line. */
const benches: Record<string, Bench> = {
  sampling,
  cache,
  scoring,
  "scoring-workers": scoringWorkers,
  bulk,
  training,
  "training-gru": trainingGru,
  "training-transformer": trainingTransformer,
  "training-workers": trainingWorkers,
  "page-training": pageTraining,
  http,
  middleware,
  peers,
  processes,
  "rate-limit": rateLimit,
  start,
};

/** A table of models that a benchmark has shown. */
interface ModelTable {
  title: string;
  rows: readonly ModelRow[];
}

const HELP = `deno task bench [NAME …] [--models DIR] [--model NAME] [--json FILE]

Compares the hot paths with peers, which are measured in turn in the same run, and prints a table of medians,
minima and maxima. NAME is one of ${Object.keys(benches).join(", ")}. Default: all.
sampling and http also measure each architecture, with the committed model, or one that they train for a few hundred
steps: speed does not depend on how well a model is trained, but the hit rate of its cache does. --models and --model
name the models to measure instead; then nothing else is measured. The server may read only below this directory.
--json also writes the results to FILE.

Examples:
  deno task bench
  deno task bench sampling
  deno task bench http --model mlp
  deno task bench http --models build/my-models
  deno task bench http --json build/http.json`;

const args = argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(HELP);
  exit(0);
}
const [jsonPath, models, model] = ["--json", "--models", "--model"].map(takeOption);
const unknown = args.find((name) => !(name in benches));
if (unknown !== undefined) fail(`there is no benchmark ${unknown}\n\n${HELP}`);

const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores`;
const results: { bench: string; title: string; findings: Finding[]; tables: ModelTable[] }[] = [];
for (const name of args.length > 0 ? args : Object.keys(benches)) {
  const { title, run } = benches[name];
  console.log(`${name}: ${title}`);
  const tables: ModelTable[] = [];
  const show = (title: string, rows: readonly ModelRow[]) => {
    tables.push({ title, rows });
    printModels(title, rows);
  };
  const findings = await run((text) => console.log(`  ${text}`), { models, model }, show);
  results.push({ bench: name, title, findings, tables });
}
printTable();
if (jsonPath) await writeFile(jsonPath, JSON.stringify({ machine, results }, null, 1) + "\n");

/** Removes an option from the arguments, and returns its value. */
function takeOption(option: string): string | undefined {
  const at = args.indexOf(option);
  if (at === -1) return undefined;
  const [, value] = args.splice(at, 2);
  return value ?? fail(`${option} needs a value`);
}

function fail(message: string): never {
  console.error(`error: ${message}`);
  exit(1);
}

/** Prints a table of models, a column for each number. */
function printModels(title: string, rows: readonly ModelRow[]): void {
  console.log(`\n${title}\n`);
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row).map(cell))];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  for (const line of lines) {
    console.log(
      line.map((text, i) => i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i])).join("  "),
    );
  }
  console.log();
}

function cell(value: number | string): string {
  if (typeof value === "string") return value;
  return value.toLocaleString("en", { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2 });
}

/** Prints the medians of all findings, with their minima and maxima. */
function printTable(): void {
  console.log(`\n${machine}; median (minimum … maximum)\n`);
  console.log(["what".padEnd(44), "ours".padEnd(34), "theirs".padEnd(34), "ratio"].join(" "));
  for (const { title, findings } of results) {
    console.log(`\n${title}`);
    for (const { what, unit, ours, peer, theirs, note } of findings) {
      const ratio = (ours.median / theirs.median).toFixed(2);
      console.log([what.padEnd(44), format(ours).padEnd(34), format(theirs).padEnd(34), ratio].join(" "));
      console.log(`  ${unit}; theirs: ${peer}${note ? `; ${note}` : ""}`);
    }
  }
}

function format({ median, min, max }: Spread): string {
  const digits = median >= 100 ? 0 : median >= 1 ? 1 : 3;
  const text = (value: number) => value.toLocaleString("en", { maximumFractionDigits: digits });
  return `${text(median)} (${text(min)} … ${text(max)})`;
}
