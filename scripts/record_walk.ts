/*
 * Walks the way from a list to the edge as a newcomer does, with real Chromium, Deno and workerd, and writes docs/walk.md with its
 * pictures. It fails if the page, Deno and workerd do not make the same.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { CHROMIUM_PATH, startBrowser } from "../tests/chromium.ts";
import { startDeno } from "../tests/processes.ts";
import { waitForModels } from "../tests/servers.ts";
import { ask, DENO, run, serve, WORKERD } from "./walk/commands.ts";
import { walkDocument } from "./walk/document.ts";
import { type OnPage, walkPage } from "./walk/page.ts";
import { Stopwatch } from "./walk/stopwatch.ts";

const LIST = "trainer/data/french-communes-2026.txt";
/** The lines that are pasted: every so many of the list, so that they are from all of it. */
const EVERY = 65;
const LINES = 500;
const MODEL = "my-towns";
/** What is asked of page, Deno and workerd. */
const SEED = 42;
const QUERY = `n=10&seed=${SEED}`;
/** Where the download and the models are put: in the project, since `deno task start` may read only there. */
const DIRECTORY = "build/walk";
const MODELS = `${DIRECTORY}/models`;
const DOCS = fileURLToPath(new URL("../docs", import.meta.url));

const stopwatch = new Stopwatch();

/** Opens the page in Chromium, and walks on it. */
async function onPage(): Promise<OnPage> {
  const lines = readFileSync(LIST, "utf8").split("\n").filter((_, i) => i % EVERY === 0).slice(0, LINES);
  const server = await serve(DENO);
  const browser = await startBrowser("none");
  try {
    await waitForModels(server.address);
    const page = await browser.newPage({
      viewport: { width: 1000, height: 1400 },
      colorScheme: "light",
      reducedMotion: "reduce",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await page.goto(`${server.address}/?${QUERY}`);
    return await walkPage(page, { lines, model: MODEL, seed: SEED, directory: DIRECTORY }, stopwatch);
  } finally {
    await browser.close();
    await server.end();
  }
}

if (!CHROMIUM_PATH) throw new Error("Cannot walk: there is no Chromium; set CHROMIUM_PATH to its path");
rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY, { recursive: true });

const { pictures, ...seen } = await onPage();
const take = `deno task train --from ${DIRECTORY}/${seen.archive} --out ${MODELS}`;
const taken = await stopwatch.time("Take it into a directory of models", () => run(take));
const deno = await stopwatch.time("Start Deno, until it has answered", () => ask(DENO, MODELS, QUERY));
const workerd = await stopwatch.time(
  "Start workerd, until it has answered",
  () => ask(WORKERD, MODELS, QUERY),
);

const text = walkDocument({
  list: { file: LIST, every: EVERY, lines: LINES },
  query: QUERY,
  ...seen,
  taken,
  deno,
  workerd,
  times: stopwatch.times,
  cores: availableParallelism(),
});
mkdirSync(`${DOCS}/pictures`, { recursive: true });
for (const [name, bytes] of Object.entries(pictures)) {
  writeFileSync(`${DOCS}/pictures/walk_${name}.webp`, bytes);
}
writeFileSync(`${DOCS}/walk.md`, text);
await startDeno(["fmt", "--quiet", `${DOCS}/walk.md`]).ended;
console.log("docs/walk.md");
