import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { embeddingScatter } from "../../trainer/charts/embedding_scatter.ts";
import { stepLosses } from "../../trainer/charts/step_losses.ts";
import { reportHtml } from "../../trainer/report/report_html.ts";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import { type Server, startTrainer } from "../processes.ts";
import { startPageServer } from "../servers.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

let server: Server;
let browser: Browser;

/**
 * The rules of axe that Swagger UI breaks with elements that it makes: buttons with buttons in them, choices and a body
 * without labels, tables that are regions of the same name, headings that leave out a level, a title outside of its main
 * part, and examples that scroll. A style cannot change them.
 */
const BROKEN_BY_SWAGGER_UI = [
  "heading-order",
  "label",
  "landmark-unique",
  "nested-interactive",
  "region",
  "scrollable-region-focusable",
  "select-name",
];

/** The page's paper, as page/colors.css has it, in light and dark. */
const PAPER = { light: "rgb(251, 250, 247)", dark: "rgb(21, 20, 18)" };

async function open(): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: "reduce",
  });
  onTestFinished(() => context.close());
  return await context.newPage();
}

/** Runs axe on a page, light and dark, and expects that it finds nothing. */
async function expectAccessible(page: Page, disabled: string[] = []): Promise<void> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const rules = Object.fromEntries(disabled.map((rule) => [rule, { enabled: false }]));
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expect.poll(() => paper(page)).toBe(PAPER[colorScheme]);
    await settled(page);
    const { violations, passes } = await page.evaluate<AxeResults>(`axe.run(${JSON.stringify({ rules })})`);
    expect(passes.length).toBeGreaterThan(10);
    const found = violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
    expect(found, colorScheme).toEqual([]);
  }
}

/** Waits for what a page does of its own when the colours change: in a frame it is told, and then it may fade. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise(requestAnimationFrame);
    await Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => {})));
  });
}

async function paper(page: Page): Promise<string> {
  return await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

describeWithBrowser("what is beside the page", () => {
  beforeAll(async () => {
    server = await startPageServer();
    browser = await startBrowser("none");
    return async () => {
      await browser.close();
      await server.end();
    };
  });

  test("/docs has the page's colours, light and dark, fits a phone and links home", async () => {
    const page = await open();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(`${server.address}/docs`);
    await page.locator(".swagger-ui .info .title").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expect.poll(() => paper(page)).toBe(PAPER[colorScheme]);
      const swagger = page.locator(".swagger-ui .scheme-container, .swagger-ui").first();
      expect(await swagger.evaluate((element) => getComputedStyle(element).backgroundColor))
        .toMatch(new RegExp(`^(rgba\\(0, 0, 0, 0\\)|${PAPER[colorScheme].replace(/[()]/g, "\\$&")})$`));
    }
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(errors).toEqual([]);
    await page.getByRole("link", { name: "Home" }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/");
  });

  test("/docs passes axe but for what Swagger UI itself breaks, closed, open and answered", async () => {
    const page = await open();
    await page.goto(`${server.address}/docs`);
    await page.locator(".swagger-ui .info .title").waitFor();
    await expectAccessible(page, BROKEN_BY_SWAGGER_UI);
    await page.getByRole("button", { name: "Generate things" }).click();
    await page.getByRole("button", { name: "Execute" }).click();
    await page.getByRole("heading", { name: "Response body" }).waitFor();
    await page.getByRole("button", { name: "Score many texts" }).click();
    await page.locator(".body-param__text").waitFor();
    await expectAccessible(page, BROKEN_BY_SWAGGER_UI);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  test("the report that the trainer writes passes axe, and has no empty cell", async () => {
    const out = await temporaryDirectory();
    const { code, stdout, stderr } = await startTrainer(["report", "mlp", "--out", out]).ended;
    expect(code, stderr).toBe(0);
    const page = await open();
    await page.setContent(await readFile(stdout.trim(), "utf8"));
    await expectAccessible(page);
    expect(
      await page.locator("th, td").evaluateAll((cells) => cells.filter((cell) => !cell.textContent).length),
    )
      .toBe(0);
    await page.getByText("11,897 parameters").waitFor();
  });

  test("a preview has a title, a text and a picture of its size", async () => {
    const page = await open();
    for (const path of ["/", "/docs"]) {
      await page.goto(server.address + path);
      const tags = await page.locator("meta[property^='og:']").evaluateAll((tags) =>
        Object.fromEntries(tags.map((tag) => [tag.getAttribute("property"), tag.getAttribute("content")]))
      );
      expect(tags).toMatchObject({
        "og:title": expect.stringContaining("edgemore"),
        "og:description": expect.stringMatching(/\w+/),
        "og:image": "/preview.png",
      });
    }
    const response = await fetch(`${server.address}/preview.png`);
    expect(response.headers.get("content-type")).toBe("image/png");
    const view = new DataView(await response.arrayBuffer());
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([1200, 630]); // of the chunk IHDR
  });

  test("the README is a link away", async () => {
    const page = await open();
    await page.goto(server.address);
    const link = page.getByRole("link", { name: "the README" });
    const response = await fetch(server.address + await link.getAttribute("href"));
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await response.text()).toBe(await readFile("README.md", "utf8"));
  });

  test("the report has the page's colours, passes axe, clips no label and links to the page", async () => {
    const places = Array.from({ length: 20 }, (_, i) => [Math.floor(i / 4), 1e-3 * (i % 4)]);
    const symbols = Array.from("abcdefghijklmnopqrst");
    const html = reportHtml({
      title: "Model gru",
      summary: "A model.",
      model: "gru",
      sections: [{
        title: "Charts",
        html: "",
        charts: [
          embeddingScatter(symbols, places, { title: "Embeddings", caption: "", axes: ["x", "y"] }),
          ...stepLosses("of many steps", Array.from({ length: 200_001 }, (_, step) => 40_000 / (1 + step))),
        ],
      }],
    });
    const page = await open();
    await page.setContent(html);
    await expectAccessible(page);
    const outside = await page.locator(".chart svg").evaluateAll((charts) =>
      charts.flatMap((chart) => {
        const { left, right, top, bottom } = chart.parentElement!.getBoundingClientRect();
        const { right: end } = chart.getBoundingClientRect();
        return [...chart.querySelectorAll("text")].filter((text) => {
          const box = text.getBoundingClientRect();
          return box.left < left || box.right > Math.max(right, end) || box.right > end || box.top < top ||
            box.bottom > bottom;
        }).map((text) => text.textContent);
      })
    );
    expect(outside).toEqual([]);
    const dots = await page.locator(".chart").first().locator("circle").evaluateAll((dots) =>
      dots.map((dot) => {
        const { x, y, width, height } = dot.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2, radius: width / 2 };
      }).filter(({ radius }) => radius > 5)
    );
    expect(dots).toHaveLength(symbols.length);
    const distances = dots.flatMap((a, i) => dots.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)));
    expect(Math.min(...distances)).toBeGreaterThan(19);
    expect(await page.getByRole("link", { name: "The page" }).getAttribute("href"))
      .toBe("http://127.0.0.1:8000/?model=gru");
  });
});
