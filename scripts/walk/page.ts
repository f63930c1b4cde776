import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Locator, Page } from "playwright-core";
import { downloadTo, paste, train } from "../../tests/page/visitor.ts";
import type { Walk } from "./document.ts";
import { takePicture } from "./picture.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** What a walk saw on the page. */
export interface OnPage extends Pick<Walk, "status" | "ending" | "made" | "archive" | "kilobytes"> {
  /** Pictures by their names. */
  pictures: Record<string, Uint8Array>;
}

/** What a visitor wants, and where the download goes. */
interface Wish {
  lines: string[];
  /** The model's name. */
  model: string;
  seed: number;
  directory: string;
}

/** Walks on the open page, from the paste to the downloaded file. */
export async function walkPage(page: Page, wish: Wish, stopwatch: Stopwatch): Promise<OnPage> {
  const { lines, model, seed, directory } = wish;
  const section = page.locator("#train");
  const generate = page.locator("#generate");
  const pictures: Record<string, Uint8Array> = {};
  await loadSections(page);

  const listStatus = section.locator("#list-status");
  await stopwatch.time("Paste the list, until the page has read it", async () => {
    await paste(page, lines.join("\n"));
    await listStatus.getByText(`${lines.length} lines of`).waitFor();
  });
  await section.getByRole("radio", { name: "Better" }).check({ force: true });
  await section.getByLabel("Call it").fill(model);
  await section.getByLabel("Call it").blur();
  pictures.list = await takePicture(section.getByRole("heading").first(), section.locator(".trainer"));
  const status = await oneLine(listStatus);

  await stopwatch.time("Train, until the page has made ten with the model", async () => {
    await train(page);
    await generate.getByText(`by ${model}, seed ${seed}`).waitFor();
  });
  await section.locator(".run svg").waitFor();
  pictures.trained = await takePicture(section.locator(".ending"), section.locator(".run"));
  const ending = (await oneLine(section.getByText("is ready"))).replace(" Make things with it", "");
  const note = generate.getByText("The small number is the perplexity");
  pictures.made = await takePicture(generate.getByRole("heading").first(), note);
  const made = await generate.locator(".names .name").allTextContents();

  const file = await stopwatch.time("Download the model", () => downloadTo(page, directory));
  const kept = section.getByRole("heading", { name: "In this browser" });
  pictures.download = await takePicture(kept, section.locator("#kept .take"));
  return { status, ending, made, archive: basename(file), kilobytes: kilobytesOf(file), pictures };
}

/** Scrolls through the page, so that all sections are loaded and move nothing later. */
async function loadSections(page: Page): Promise<void> {
  for (const section of await page.locator("section").all()) await section.scrollIntoViewIfNeeded();
  await page.waitForLoadState("networkidle");
}

/** The text of an element, without line breaks. */
async function oneLine(element: Locator): Promise<string> {
  return (await element.innerText()).trim().replace(/\s+/g, " ");
}

function kilobytesOf(file: string): number {
  return Math.round(statSync(file).size / 1000);
}
