/// <reference lib="dom" />
/*
 * Takes docs/pictures/page.webp, the README's picture of the page: its first screen, with the names of seed 42. It needs Chromium.
 */
import { writeFileSync } from "node:fs";
import { startBrowser } from "../tests/chromium.ts";
import { waitForModels } from "../tests/servers.ts";
import { DENO, serve } from "./walk/commands.ts";
import { takePicture } from "./walk/picture.ts";

/** How many of the names are in the picture. */
const SHOWN = 12;

const server = await serve(DENO);
const browser = await startBrowser("none");
try {
  await waitForModels(server.address);
  const page = await browser.newPage({
    viewport: { width: 1280, height: 1200 },
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  await page.goto(`${server.address}/?seed=42`);
  await page.getByText(/^20 names by gru/).waitFor();
  const picture = await takePicture(page.locator(".masthead"), page.locator(".names li").nth(SHOWN - 1));
  writeFileSync(new URL("../docs/pictures/page.webp", import.meta.url), picture);
} finally {
  await browser.close();
  await server.end();
}
