/// <reference lib="dom" />
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM_PATH, startBrowser } from "../tests/chromium.ts";
import { parseModelCard } from "../shared/model_card.ts";
import { DEFAULT_LIST } from "../trainer/list_file.ts";
import { alternate, type Bench, type Finding, type Spread, spread } from "./measure.ts";
import { type Server, startDenoServer } from "./servers.ts";

const ROUNDS = 5;
/** The page's sizes, with so many steps that each takes some seconds. */
const STEPS = { Quick: 3000, Better: 300, Best: 60 };
type Size = keyof typeof STEPS;
/** The list that is pasted, and the one whose memory is measured, in lines. */
const PASTED_LINES = 500;
const MANY_LINES = 100_000;
/** How long a run may take, in milliseconds. */
const MAX_TIME = 300_000;

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

/** Steps a second in the page and on the command line, by the seconds on the cards: preparing and evaluating included. */
async function compareSpeed(browser: Browser, server: Server, size: Size): Promise<Finding> {
  let command = "";
  const rates = await alternate(ROUNDS, {
    page: () =>
      withPage(browser, server, async (page) => {
        await page.getByRole("button", { name: "US first names" }).click();
        await page.getByText("lines of").waitFor();
        await page.getByRole("radio", { name: size }).check({ force: true });
        await page.getByText("All options").click();
        await page.getByLabel("Steps", { exact: true }).fill(String(STEPS[size]));
        command = await page.getByLabel("training command").innerText();
        await train(page);
        return STEPS[size] / await secondsOnCard(page);
      }),
    prompt: () => STEPS[size] / secondsOfCommand(command),
  });
  return {
    what: `${size}, ${STEPS[size]} steps`,
    unit: "steps/s",
    ours: rates.page,
    peer: "the command line",
    theirs: rates.prompt,
  };
}

async function train(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.getByText("is ready").waitFor();
}

/** The seconds on the card of the only model in the browser. */
async function secondsOnCard(page: Page): Promise<number> {
  return await page.evaluate(() =>
    new Promise<number>((resolve, reject) => {
      const opening = indexedDB.open("edgemore");
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const cards = opening.result.transaction("cards").objectStore("cards").getAll();
        cards.onsuccess = () => resolve(cards.result[0].training.seconds);
      };
    })
  );
}

/** Runs the command that the page shows, and returns the seconds on the card. */
function secondsOfCommand(command: string): number {
  const directory = mkdtempSync(join(tmpdir(), "edgemore-"));
  try {
    const words = command.split(" ").slice(2).map((word) =>
      word === "us-names-2018.txt" ? DEFAULT_LIST : word
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      ["task", ...words, "--out", directory, "--checkpoints", directory],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`Cannot train: ${stderr}`);
    return parseModelCard(readFileSync(join(directory, "us-names-2018.json"), "utf8")).training.seconds;
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
