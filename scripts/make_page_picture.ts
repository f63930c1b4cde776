/*
 * Takes docs/pictures/page.webp, the README's picture of the page: its first screen, with the names of seed 42. It needs Chromium.
 */
import { writeFileSync } from "node:fs";
import { startBrowser } from "../tests/chromium.ts";
import { waitForModels } from "../tests/servers.ts";
import { DENO, serve } from "./walk/commands.ts";
import { takePicture } from "./walk/picture.ts";

const server = await serve(DENO);
const browser = await startBrowser("none");
try {
  await waitForModels(server.address);
  const page = await browser.newPage({
    viewport: { width: 1100, height: 900 },
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  await page.goto(`${server.address}/?seed=42`);
  await page.getByText(/^20 names by gru/).waitFor();
  const picture = await takePicture(page.locator(".masthead"), page.locator(".names"));
  writeFileSync(new URL("../docs/pictures/page.webp", import.meta.url), picture);
} finally {
  await browser.close();
  await server.end();
}
