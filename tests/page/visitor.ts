import { join } from "node:path";
import type { Download, Page } from "playwright-core";

/** How long a training in the page may take, in milliseconds. */
const MAX_TRAINING = 120_000;

/*
 * What a visitor does in the section "Train your own".
 */

/** Pastes a list. The page must have been opened with the permission to use the clipboard. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await page.getByLabel("Your list, one thing a line").focus();
  await page.keyboard.press("Control+V");
}

/** Trains until the model is ready. */
export async function train(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await ready(page);
}

/** Waits until the model is ready. */
export async function ready(page: Page): Promise<void> {
  await page.locator("#train").getByText("is ready").waitFor({ timeout: MAX_TRAINING });
}

/** Downloads the only model in the browser into a directory, and returns the file's path. */
export async function downloadTo(page: Page, directory: string): Promise<string> {
  const [file]: [Download, void] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download", exact: true }).click(),
  ]);
  const path = join(directory, file.suggestedFilename());
  await file.saveAs(path);
  return path;
}
