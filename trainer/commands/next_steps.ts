import { isAbsolute, relative, sep } from "node:path";
import process from "node:process";
import type { ModelCard } from "../../shared/model_card.ts";
import { nounOf } from "../../shared/noun.ts";
import { MODELS_DIRECTORY } from "./arguments.ts";

/** Where `deno task start` serves the page. */
const ADDRESS = "http://127.0.0.1:8000";

/** How to call Deno again: with npx, if it was called so, since it may not be installed. */
export const DENO: string = /[/\\]_npx[/\\]/.test(process.execPath)
  ? `npx --yes deno@${process.versions.deno}`
  : "deno";

/**
 * What to do with a new model: what each command does, and the command, to copy.
 *
 * @param out The directory of the model, as it was given.
 * @param deno How to call Deno.
 */
export function nextSteps(
  card: Pick<ModelCard, "name" | "noun" | "dataset">,
  out: string,
  deno: string = DENO,
): string {
  const { name } = card;
  const models = out === MODELS_DIRECTORY ? "" : ` --models ${quote(out)}`;
  const steps = [
    [`print ${nounOf(card)} that it makes`, `${deno} task sample ${name}${models}`],
    ["write a page with its charts", `${deno} task report ${name}${models}`],
    ["serve it", startCommand(out, deno)],
    ["and open", `${ADDRESS}/?model=${name}`],
  ];
  const width = Math.max(...steps.map(([what]) => what.length));
  return ["Next:", ...steps.map(([what, command]) => `  ${what.padEnd(width)}   ${command}`)].join("\n");
}

/** The command that serves the page and the models of a directory; `deno task start` may read only the project's. */
function startCommand(out: string, deno: string): string {
  if (out === MODELS_DIRECTORY) return `${deno} task start`;
  const way = relative(".", out);
  const inside = way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  return inside
    ? `EDGEMORE_MODELS=${quote(way || ".")} ${deno} task start`
    : `${deno} task build:site && EDGEMORE_MODELS=${
      quote(out)
    } ${deno} run --quiet -P=server --allow-read=.,${quote(out)} functions/runtimes/deno.ts`;
}

/** A path as a word of a POSIX shell. */
export function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
