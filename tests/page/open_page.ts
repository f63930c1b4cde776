import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

/** How long a server may take to open its first model. */
const OPENING = { timeout: 30_000 };

/** An open page, and what it has done so far. */
export interface OpenPage {
  page: Page;
  /** Errors of the console, and uncaught exceptions. */
  errors: string[];
  /** The addresses that it has requested. */
  requests: string[];
}

/** Opens the page until the end of a test, and waits for its first names and score. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const [errors, requests]: string[][] = [[], []];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  // /health answers 503 before the first model is open, which the browser would report as an error.
  await expect.poll(async () => (await fetch(new URL("/health", address))).status, OPENING).toBe(200);
  await page.goto(address);
  await page.locator(".names").waitFor();
  await page.getByRole("list", { name: "Letters and how likely each was" }).waitFor();
  return { page, errors, requests };
}

/** Reads the names that the page shows. */
export async function shownNames(page: Page): Promise<string[]> {
  return await page.locator(".names .name").allTextContents();
}
