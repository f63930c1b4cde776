import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { backends } from "../../../trainer/backends/all.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { describeWithBrowser, startBrowser } from "../../browser.ts";
import { lossesOf, networks } from "./few_steps.ts";
import type * as trainer from "./webgpu_page.ts";

/** No server is there: the test answers. It is an address that browsers trust with WebGPU. */
const ADDRESS = "http://localhost/";

/**
 * TensorFlow.js reads a GPU's numbers without waiting by drawing them to a canvas, which Chromium's software renderer leaves
 * blank unless it draws with Vulkan.
 */
const READS_PIXELS = ["--use-angle=swiftshader", "--use-vulkan=swiftshader", "--enable-features=Vulkan"];

describeWithBrowser("TensorFlow.js on WebGPU, in a page", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await startTensorFlow();
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("./webgpu_page.ts", import.meta.url))],
      bundle: true,
      write: false,
      format: "iife",
      globalName: "trainer",
      platform: "browser",
    });
    browser = await startBrowser("software", READS_PIXELS);
    page = await browser.newPage();
    await page.route(
      ADDRESS,
      (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
    );
    await page.goto(ADDRESS);
    await page.addScriptTag({ content: outputFiles[0].text });
  });
  afterAll(() => browser?.close());

  test.each(["mlp", "gru"] as const)("trains the %s as the other backends do", async (name) => {
    const { losses, on } = await page.evaluate(
      (name) => (globalThis as unknown as { trainer: typeof trainer }).trainer.train(name),
      name,
    );
    expect(on).toBe("webgpu");
    expect(new Set(losses).size).toBe(losses.length);
    for (const backend of Object.values(backends)) {
      const expected = await lossesOf(networks[name], backend);
      expect(losses).toHaveLength(expected.length);
      losses.forEach((loss, step) => expect(Math.abs(loss / expected[step] - 1)).toBeLessThan(1e-5));
    }
  }, 180_000);
});
