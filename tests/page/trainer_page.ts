import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Download, Page } from "playwright-core";
import { expect } from "vitest";
import { temporaryDirectory } from "../temporary_directory.ts";
import { type OpenPage, openPage } from "./open_page.ts";

/** A list of 500 lines: French towns. */
export async function readTowns(): Promise<string> {
  const towns = await readFile("trainer/data/french-communes-2026.txt", "utf8");
  return towns.split("\n").slice(0, 500).join("\n");
}

/** Expects that a value comes to match, on a busy machine too. */
export function soon<Value>(read: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(read, { timeout: 30_000 });
}

/** Pastes a list, as a visitor does. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await page.getByLabel("Your list, one thing a line").focus();
  await page.keyboard.press("Control+V");
}

/** Opens the page with the permission to paste. */
export async function openTrainer(browser: Browser, address: string, path = ""): Promise<OpenPage> {
  return await openPage(browser, `${address}/${path}`, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
}

/** Sets options behind the disclosure, by the labels of their fields. */
export async function setOptions(page: Page, options: Record<string, string>): Promise<void> {
  await page.getByText("All options").click();
  for (const [label, value] of Object.entries(options)) {
    await page.locator("#train").getByLabel(label, { exact: true }).fill(value);
  }
}

/** Trains until the model is ready. */
export async function train(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await ready(page);
}

/** Waits until the model is ready. */
export async function ready(page: Page): Promise<void> {
  await page.locator("#train").getByText("is ready").waitFor({ timeout: 120_000 });
}

/** Downloads the only model in the browser, and returns the file's path. */
export async function download(page: Page): Promise<string> {
  const [file]: [Download, void] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download", exact: true }).click(),
  ]);
  const path = join(await temporaryDirectory(), file.suggestedFilename());
  await file.saveAs(path);
  return path;
}
