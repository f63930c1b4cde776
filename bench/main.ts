import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { argv, exit } from "node:process";
import { bulk } from "./bulk.ts";
import { http } from "./http.ts";
import type { Bench, Finding, Spread } from "./measure.ts";
import { middleware } from "./middleware.ts";
import { sampling } from "./sampling.ts";
import { scoring } from "./scoring.ts";
import { start } from "./start.ts";
import { training } from "./training.ts";
import { trainingGru, trainingTransformer } from "./training_words.ts";
import { trainingWorkers } from "./training_workers.ts";

/** All benchmarks, by their names on the command line. */
const benches: Record<string, Bench> = {
  sampling,
  scoring,
  bulk,
  training,
  "training-gru": trainingGru,
  "training-transformer": trainingTransformer,
  "training-workers": trainingWorkers,
  http,
  middleware,
  start,
};

const HELP = `deno task bench [NAME …] [--json FILE]

Compares the hot paths with peers, which are measured in turn in the same run, and prints a table of medians,
minima and maxima. NAME is one of ${Object.keys(benches).join(", ")}. Default: all.
--json also writes the results to FILE.

Examples:
  deno task bench
  deno task bench sampling
  deno task bench http --json build/http.json`;

const args = argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(HELP);
  exit(0);
}
const jsonAt = args.indexOf("--json");
const jsonPath = jsonAt === -1 ? undefined : args.splice(jsonAt, 2)[1];
const unknown = args.find((name) => !(name in benches));
if (unknown !== undefined || (jsonAt !== -1 && !jsonPath)) {
  console.error(
    unknown === undefined
      ? "error: --json needs a file name"
      : `error: there is no benchmark ${unknown}\n\n${HELP}`,
  );
  exit(1);
}

const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores`;
const results: { bench: string; title: string; findings: Finding[] }[] = [];
for (const name of args.length > 0 ? args : Object.keys(benches)) {
  const { title, run } = benches[name];
  console.log(`${name}: ${title}`);
  results.push({ bench: name, title, findings: await run((text) => console.log(`  ${text}`)) });
}
printTable();
if (jsonPath) await writeFile(jsonPath, JSON.stringify({ machine, results }, null, 1) + "\n");

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
