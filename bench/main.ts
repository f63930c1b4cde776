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

/** Every bench, by the name that the command line knows it by. */
const benches: Record<string, Bench> = { sampling, scoring, bulk, training, http, middleware, start };

const HELP = `deno task bench [NAME …] [--json FILE]

Measures what is fast beside its peers, alternating, and prints one table: medians, and the spread.
NAME is one of ${Object.keys(benches).join(", ")}; without one, all are run.

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
    unknown === undefined ? "error: --json wants a file" : `error: there is no bench ${unknown}\n\n${HELP}`,
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

/** One table of all that was found: medians, with the smallest and the largest. */
function printTable(): void {
  console.log(`\n${machine}; medians, and how far the runs lie apart\n`);
  console.log(["what".padEnd(44), "ours".padEnd(34), "theirs".padEnd(34), "ratio"].join(" "));
  for (const { title, findings } of results) {
    console.log(`\n${title}`);
    for (const { what, unit, ours, peer, theirs, beside } of findings) {
      const ratio = (ours.median / theirs.median).toFixed(2);
      console.log([what.padEnd(44), show(ours).padEnd(34), show(theirs).padEnd(34), ratio].join(" "));
      console.log(`  ${unit}; theirs: ${peer}${beside ? `; ${beside}` : ""}`);
    }
  }
}

function show({ median, min, max }: Spread): string {
  const digits = median >= 100 ? 0 : median >= 1 ? 1 : 3;
  const text = (value: number) => value.toLocaleString("en", { maximumFractionDigits: digits });
  return `${text(median)} (${text(min)} … ${text(max)})`;
}
