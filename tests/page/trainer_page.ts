import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import { temporaryDirectory } from "../temporary_directory.ts";
import { type OpenPage, openPage } from "./open_page.ts";
import { downloadTo } from "./visitor.ts";

export { paste, ready, train } from "./visitor.ts";

/** A list of 500 lines: French towns. */
export async function readTowns(): Promise<string> {
  const towns = await readFile("trainer/data/french-communes-2026.txt", "utf8");
  return towns.split("\n").slice(0, 500).join("\n");
}

/** Expects that a value comes to match, on a busy machine too. */
export function soon<Value>(read: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(read, { timeout: 30_000 });
}

/** Opens the page with the permission to paste. */
export async function openTrainer(browser: Browser, address: string, path = ""): Promise<OpenPage> {
  return await openPage(browser, `${address}/${path}`, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
}

/**
 * Sets options behind the disclosure, by the labels of their fields, once the list is read: its length sets the number of steps,
 * and would do so between a field's emptying and its filling.
 */
export async function setOptions(page: Page, options: Record<string, string>): Promise<void> {
  await page.getByText("All options").click();
  if (Object.keys(options).length > 0) await page.getByText(/^[\d,]+ lines of/).waitFor();
  for (const [label, value] of Object.entries(options)) {
    await page.locator("#train").getByLabel(label, { exact: true }).fill(value);
  }
}

/** Downloads the only model in the browser until the end of a test, and returns the file's path. */
export async function download(page: Page): Promise<string> {
  return await downloadTo(page, await temporaryDirectory());
}
