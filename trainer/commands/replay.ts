import { Command, Option } from "commander";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Chart } from "../charts/chart.ts";
import { readList } from "../list_file.ts";
import type { Figure } from "../replay/figure.ts";
import { type NotebookName, notebooks } from "../replay/replay.ts";
import { reportHtml, type Section, table } from "../report/report_html.ts";
import { writeAtomically } from "../atomic_write.ts";
import { checkOutputDirectory } from "./output_directory.ts";
import { trainingProgress } from "./progress.ts";

/** SHA-256 of makemore's names.txt, the list of all notebooks. */
const NAMES_SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d";
/** Shorter runs show no progress bar. */
const SHOWN_STEPS = 500;
/** Width of a column of figures, in characters; longer figures are cut. */
const FIGURE_WIDTH = 28;

interface ReplayFlags {
  data?: string;
  notebook?: NotebookName;
  full?: boolean;
  report?: string;
}

/** `deno task replay`. */
export const replayCommand: Command = new Command("replay")
  .description("Replay the notebooks cell by cell, and print each of their figures beside ours.")
  .option("--data <list>", "makemore's names.txt: a path or an http(s) URL (default: $EDGEMORE_NAMES)")
  .addOption(new Option("--notebook <name>", "only this one").choices(Object.keys(notebooks)))
  .option("--full", "run the 200,000-step trainings too")
  .option("--report <directory>", "write the figures and the charts to DIRECTORY/replay.html")
  .addHelpText(
    "after",
    `
The exit code is 1 if a figure misses its tolerance: exact for names, counts and targets, 1e-5 for short runs, four
decimals after 200,000 steps, ± 0.03 where the notebook drew without a seed.

Examples:
  deno task replay --data names.txt
  deno task replay --data names.txt --notebook bigram
  deno task replay --data names.txt --full --report build`,
  )
  .action(async (flags: ReplayFlags) => {
    const source = flags.data ?? process.env.EDGEMORE_NAMES;
    if (!source) {
      throw new Error(
        "Cannot replay without makemore's names.txt: give it with --data, or set EDGEMORE_NAMES to its path",
      );
    }
    if (flags.report !== undefined) await checkOutputDirectory(flags.report);
    const list = await readList(source);
    if (list.sha256 !== NAMES_SHA256) {
      throw new Error(
        `Cannot replay with ${source}: it is not makemore's names.txt (32,033 lines, SHA-256 ${
          NAMES_SHA256.slice(0, 12)
        }…)`,
      );
    }
    const sections: Section[] = [];
    const names = flags.notebook ? [flags.notebook] : Object.keys(notebooks) as NotebookName[];
    let missed = 0;
    let replayed = 0;
    console.log(row("document", "what", "notebook", "ours", "difference", "tolerance", "verdict"));
    for (const name of names) {
      const { title, replay } = notebooks[name];
      const figures: Figure[] = [];
      const charts: Chart[] = [];
      const progress = (run: string, steps: number) => {
        if (steps >= SHOWN_STEPS && process.stderr.isTTY) console.error(run);
        return steps >= SHOWN_STEPS ? { ...trainingProgress(steps, 0, "nothing") } : SILENT;
      };
      const options = {
        list,
        full: flags.full ?? false,
        progress,
        plot: (chart: Chart) => charts.push(chart),
      };
      for await (const figure of replay(options)) {
        figures.push(figure);
        const { what, notebook, ours, difference, tolerance, agrees } = figure;
        const verdict = agrees ? "agrees" : "MISSES";
        console.log(row(name, what, notebook, ours, difference?.toExponential(1) ?? "", tolerance, verdict));
        if (!agrees) missed++;
        replayed++;
      }
      sections.push({ title, html: figureTable(figures), charts });
    }
    console.log(`\n${replayed - missed} of ${replayed} figures agree.`);
    if (flags.report) {
      await mkdir(flags.report, { recursive: true });
      const path = join(flags.report, "replay.html");
      const summary = `${replayed - missed} of ${replayed} figures agree with the notebooks'.`;
      await writeAtomically(path, reportHtml({ title: "The notebooks, replayed", summary, sections }));
      console.log(path);
    }
    if (missed > 0) process.exitCode = 1;
  });

const SILENT = { onStep() {}, onEvaluation() {}, stop() {} };

/** The figures of a document as a table of the report. */
function figureTable(figures: readonly Figure[]): string {
  return table(
    ["what", "notebook", "ours", "difference", "tolerance", "verdict"],
    figures.map(({ what, notebook, ours, difference, tolerance, agrees }) => [
      what,
      notebook,
      ours,
      difference?.toExponential(1) ?? "",
      tolerance,
      agrees ? "agrees" : "misses",
    ]),
  );
}

/** A line of the table. Text that does not fit its column is cut. */
function row(document: string, what: string, ...figures: [string, string, string, string, string]): string {
  const [notebook, ours, difference, tolerance, verdict] = figures;
  return [
    fit(document, 14),
    fit(what, 50),
    fit(notebook, FIGURE_WIDTH),
    fit(ours, FIGURE_WIDTH),
    fit(difference, 10),
    fit(tolerance, 21),
    verdict,
  ].join("  ");
}

function fit(text: string, width: number): string {
  return (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width);
}
