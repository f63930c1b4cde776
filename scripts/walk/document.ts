import type { Timed } from "./stopwatch.ts";

/** A command, and what it printed. */
export interface Ran {
  command: string;
  printed: string;
}

/** A server that was asked once. */
export interface Answer extends Ran {
  /** The request, as a command. */
  curl: string;
  answer: { model: string; seed: number; names: { name: string; nll: number; perplexity: number }[] };
}

/** A recorded walk from a list to the edge. */
export interface Walk {
  /** The list's file, of which every so many lines were pasted. */
  list: { file: string; every: number; lines: number };
  /** The query of `/generate`, for the page too. */
  query: string;
  /** What the page said of the list, and of the model when it was ready. */
  status: string;
  ending: string;
  /** What the model made in the page. */
  made: string[];
  /** The downloaded file and its size, in kB. */
  archive: string;
  kilobytes: number;
  taken: Ran;
  deno: Answer;
  workerd: Answer;
  /** The steps from the paste on; the last one is workerd's. */
  times: Timed[];
  /** How many processor cores the machine has. */
  cores: number;
}

/** How many of the things an answer shows. */
const SHOWN = 2;

/**
 * The text of docs/walk.md.
 *
 * @throws {Error} If the page, Deno and workerd did not make the same.
 */
export function walkDocument(walk: Walk): string {
  const {
    list,
    query,
    status,
    ending,
    made,
    archive,
    kilobytes,
    taken,
    deno,
    workerd,
    times,
    cores,
  } = walk;
  requireSame(walk);
  const theirs = [deno, workerd].map(({ answer }) => answer.names.map(({ name }) => name));
  const rows = made.map((thing, i) => [i + 1, thing, theirs[0][i], theirs[1][i]]);
  const sinceThePaste = total(times.slice(0, -1));
  return `# A walk from a list to the edge

This is the way from ${list.lines} lines to an endpoint, as a newcomer goes it. \`deno task build:walk\` goes it with Chromium,
Deno and workerd, and writes this page: its pictures, output and times are those of that run. It fails if the page, Deno and
workerd do not make the same. The servers took free ports; the commands show the usual ones.

The lines are names of towns: every ${list.every}th of \`${list.file}\`.

## 1. Open the page

${block("sh", "deno task start")}

${block("", deno.printed)}

Open this address with \`/?${query}\` after it: the page then makes ten things, with the seed 42. Go to "Train your own".

## 2. Paste the list

Paste the lines, choose "Better", and call the model \`${deno.answer.model}\`. Below the list, the page says what it has read:
"${status}"

${picture("walk_list", "The pasted list, the choice of Better and the button Train")}

## 3. Train

Click "Train". The curve falls, and what the model makes looks more and more like towns. At the end the page says: "${ending}"

${picture("walk_trained", "The loss curve, and ten things that the model made at the end of its training")}

## 4. Look at what it makes

Click "Make things with it". The page calls the things towns, after the model's name.

${picture("walk_made", "Ten towns that the model made, and the settings")}

## 5. Download it

Click "Download", below "In this browser". The browser saves \`${archive}\` (${kilobytes} kB), and the page shows how to serve it.

${picture("walk_download", "The model that is kept in the browser, and two commands")}

## 6. Take it into a copy of edgemore

${block("sh", taken.command)}

${block("", taken.printed)}

This checks the parts of the file against the hashes on the model's card. Without \`--out\`, the model goes to \`models/\`, where
the included ones are: then the commands below need no \`EDGEMORE_MODELS\`, and the requests need \`&model=${deno.answer.model}\`.

## 7. Serve it with Deno

${asked(deno)}

## 8. Serve it with workerd

workerd is Cloudflare's runtime. In another terminal:

${asked(workerd)}

[Deploy](deploy.md) says how to upload the same Worker to Cloudflare.

## The same towns in all three

${table(["", "page", "Deno", "workerd"], rows)}

Deno and workerd also gave the same NLLs, to the last digit.

## How long it took

${table(["step", "seconds", "since the paste"], elapsed(times))}

So the first answer at the edge came ${sinceThePaste} seconds after the paste, on a machine of ${cores} cores without a GPU. The time
of a person who reads and clicks comes on top. Before Deno starts, the page is built, and before workerd starts, the Worker too.
`;
}

function requireSame({ made, deno, workerd }: Walk): void {
  const theirs = [deno, workerd].map(({ answer }) => JSON.stringify(answer.names));
  const names = deno.answer.names.map(({ name }) => name);
  if (theirs[0] === theirs[1] && JSON.stringify(made) === JSON.stringify(names)) return;
  throw new Error(
    `Page, Deno and workerd do not make the same: ${JSON.stringify(made)}, ${theirs[0]} and ${theirs[1]}`,
  );
}

/** A server's command and its answer to a request, which is shortened. */
function asked({ command, printed, curl, answer: { model, seed, names } }: Answer): string {
  const shown = names.slice(0, SHOWN).map(({ name, nll, perplexity }) =>
    `    { "name": ${JSON.stringify(name)}, "nll": ${nll}, "perplexity": ${perplexity} }`
  );
  const json = `{
  "model": "${model}",
  "seed": ${seed},
  "names": [
${shown.join(",\n")},
    …
  ]
}`;
  return [block("sh", command), block("", printed), block("sh", curl), block("json", json)].join("\n\n");
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function picture(name: string, description: string): string {
  return `![${description}](pictures/${name}.webp)`;
}

function table(head: string[], rows: (string | number)[][]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Each step with its time and the sum so far, in seconds. */
function elapsed(times: readonly Timed[]): string[][] {
  return times.map(({ step, seconds }, i) => [step, seconds.toFixed(1), total(times.slice(0, i + 1))]);
}

function total(times: readonly Timed[]): string {
  return times.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(1);
}
