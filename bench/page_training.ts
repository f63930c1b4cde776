/// <reference lib="dom" />
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM_PATH, startBrowser } from "../tests/chromium.ts";
import { DEFAULT_LIST } from "../trainer/list_file.ts";
import { alternate, type Bench, type Finding, type Spread, spread } from "./measure.ts";
import { type Server, startDenoServer } from "./servers.ts";

const ROUNDS = 3;
/** The page's sizes, with so many steps that each takes some seconds. */
const STEPS = { Quick: 10_000, Better: 300, Best: 60 };
type Size = keyof typeof STEPS;
/** The list that is pasted, and the one whose memory is measured, in lines. */
const PASTED_LINES = 500;
const MANY_LINES = 100_000;
/** How long a run may take, in milliseconds. */
const MAX_TIME = 300_000;
/** Exit code of the command line for a model that is worse than a guess, as after one step. */
const TRAINING_FAILED = 2;

/** Training in the page, beside the command line that makes the same bytes. */
export const pageTraining: Bench = {
  title: "training in the page, in Chromium, on the list that comes along",
  async run(tell) {
    if (!CHROMIUM_PATH) {
      tell("SKIPPED: there is no Chromium; set CHROMIUM_PATH to its path");
      return [];
    }
    spawnSync(process.execPath, ["task", "build:page"], { stdio: "ignore" });
    const server = await startDenoServer();
    const browser = await startBrowser("none");
    try {
      const findings: Finding[] = [];
      for (const size of Object.keys(STEPS) as Size[]) {
        tell(`${ROUNDS} rounds of ${size}`);
        const finding = await compareSpeed(browser, server, size);
        findings.push(finding);
        const ratio = finding.ours.median / finding.theirs.median;
        tell(`${finding.ours.median.toFixed(0)} steps/s, ${ratio.toFixed(2)} times the command line's`);
      }
      tell(`${ROUNDS} rounds of a pasted list`);
      findings.push(await firstResult(browser, server));
      if (process.platform === "linux") findings.push(await memory(browser, server));
      else tell("SKIPPED: memory, which is read from /proc");
      return findings;
    } finally {
      await browser.close();
      await server.end();
    }
  },
};

/** Opens the page in a browser's new profile, until an action is done. */
async function withPage<Result>(
  browser: Browser,
  { address }: Server,
  action: (page: Page) => Promise<Result>,
): Promise<Result> {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(MAX_TIME);
    await page.goto(address);
    await page.getByRole("list", { name: "Names" }).waitFor();
    return await action(page);
  } finally {
    await context.close();
  }
}

/**
 * Steps a second of CPU time in the page and on the command line. The time of a run of one step is taken off: it starts, opens
 * the model, and evaluates all splits.
 */
async function compareSpeed(browser: Browser, server: Server, size: Size): Promise<Finding> {
  let command = "";
  /** CPU time of a run in the page. */
  const cpuOfPage = (steps: number) =>
    withPage(browser, server, async (page) => {
      await page.getByRole("button", { name: "US first names" }).click();
      await page.getByText("lines of").waitFor();
      await page.getByRole("radio", { name: size }).check({ force: true });
      await page.getByText("All options").click();
      await page.getByLabel("Steps", { exact: true }).fill(String(steps));
      const typed = await page.getByLabel("training command").innerText();
      if (steps > 1) command = typed;
      const before = await cpuSeconds(browser);
      await train(page);
      // Opening the model may go on after that, and is to be in both runs.
      await page.getByText(/^20 names by us-names-2018/).waitFor();
      return await cpuSeconds(browser) - before;
    });
  const rates = await alternate(ROUNDS, {
    page: async () => STEPS[size] / (await cpuOfPage(STEPS[size]) - await cpuOfPage(1)),
    prompt: () =>
      STEPS[size] / (cpuSecondsOf(command) - cpuSecondsOf(command.replace(/--steps \d+/, "--steps 1"))),
  });
  return {
    what: `${size}, ${STEPS[size]} steps`,
    unit: "steps/s of CPU time",
    ours: rates.page,
    peer: "the command line",
    theirs: rates.prompt,
  };
}

async function train(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.getByText("is ready").waitFor();
}

/** CPU time of the browser's tabs so far, in seconds. */
async function cpuSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** CPU time of the command that the page shows, user and system, in seconds. */
function cpuSecondsOf(command: string): number {
  const directory = mkdtempSync(join(tmpdir(), "edgemore-"));
  try {
    const words = command.split(" ").slice(3).map((word) =>
      word === "us-names-2018.txt" ? DEFAULT_LIST : word
    );
    const trainer = ["run", "--quiet", "-P=trainer", "--allow-write", "trainer/main.ts", "train"];
    const args = [...trainer, ...words, "--out", directory, "--checkpoints", directory];
    const timed = 'TIMEFORMAT="cpu %U %S"; time "$0" "$@"';
    const { status, stderr } = spawnSync("bash", ["-c", timed, process.execPath, ...args], {
      encoding: "utf8",
    });
    const [, user, system] = /^cpu ([\d.]+) ([\d.]+)$/m.exec(stderr) ?? [];
    if (status !== 0 && status !== TRAINING_FAILED) throw new Error(`Cannot train: ${stderr}`);
    return Number(user) + Number(system);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Seconds from a paste to the first things that are made, and to the finished quick model. */
async function firstResult(browser: Browser, server: Server): Promise<Finding> {
  const lines = readFileSync(DEFAULT_LIST, "utf8").split("\n").slice(0, PASTED_LINES).join("\n");
  const [first, finished]: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    await withPage(browser, server, async (page) => {
      await page.evaluate((text) => navigator.clipboard.writeText(text), lines);
      await page.getByLabel("Your list, one thing a line").focus();
      const started = performance.now();
      const seconds = () => (performance.now() - started) / 1000;
      await page.keyboard.press("Control+V");
      await page.getByText(`${PASTED_LINES} lines of`).waitFor();
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.getByRole("list", { name: "Made in training" }).locator("li").first().waitFor();
      first.push(seconds());
      await page.getByText(/^20 names by my-list/).waitFor();
      finished.push(seconds());
    });
  }
  return {
    what: `from pasting ${PASTED_LINES} lines to what it makes`,
    unit: "s",
    ours: spread(first),
    peer: "to twenty things by the finished model, Quick",
    theirs: spread(finished),
  };
}

/** The most memory of the tab while it trains on many lines. */
async function memory(browser: Browser, server: Server): Promise<Finding> {
  const lines = Array.from({ length: MANY_LINES }, (_, i) => `number ${i}`).join("\n");
  const session = await browser.newBrowserCDPSession();
  const megabytes = async (): Promise<Spread> => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    const peaks = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => peakMemory(id));
    return spread([Math.max(...peaks)]);
  };
  return await withPage(browser, server, async (page) => {
    const before = await megabytes();
    const file = { name: "numbers.txt", mimeType: "text/plain", buffer: Buffer.from(lines) };
    await page.getByLabel("Choose a file").setInputFiles(file);
    await page.getByText("100,000 lines of").waitFor();
    await page.getByRole("radio", { name: "Better" }).check({ force: true });
    await page.getByText("All options").click();
    await page.getByLabel("Steps", { exact: true }).fill("300");
    await train(page);
    await page.getByText(/^20 names by numbers/).waitFor();
    return {
      what: `peak memory of the tab, ${MANY_LINES} lines, Better`,
      unit: "MB",
      ours: await megabytes(),
      peer: "the tab before training",
      theirs: before,
    };
  });
}

/** The most resident memory that a process has had, in MB. */
function peakMemory(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return Number(kilobytes) / 1000;
}
