import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import type { Server } from "../processes.ts";
import { startPageServer } from "../servers.ts";
import { openPage, shownNames } from "./open_page.ts";

let server: Server;
let browser: Browser;

interface Names {
  names: { name: string }[];
}

async function generate(query: string): Promise<string[]> {
  const { names }: Names = await (await fetch(`${server.address}/generate?${query}`)).json();
  return names.map(({ name }) => name);
}

/** The marks of the results, once there are some. */
async function marks(page: Page): Promise<string[]> {
  await page.locator(".mark.new, .mark.known").first().waitFor();
  return await page.locator(".mark").allTextContents();
}

/** The sum of all layout shifts so far, as browsers measure them. */
const LAYOUT_SHIFT = `new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (sum += value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 500);
})`;

describeWithBrowser("the page of any list", () => {
  beforeAll(async () => {
    server = await startPageServer();
    browser = await startBrowser("none");
    return async () => {
      await browser.close();
      await server.end();
    };
  });

  test("calls its things by the card's noun, and nothing a name", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42&model=towns&name=villers`);
    await expect.poll(() => page.getByRole("heading", { level: 1 }).textContent(), { timeout: 30_000 })
      .toBe("New towns, made one letter at a time.");
    await page.getByRole("list", { name: "Towns" }).waitFor();
    await page.getByRole("button", { name: "Make new towns" }).waitFor();
    await page.getByText(/^20 towns by towns, seed 42/).waitFor();
    const text = await page.locator("body").innerText();
    expect(text).toContain("A very small language model has read 32,731 towns");
    expect(text).toContain("of the towns kept from its training");
    // But for a list that the section "Train your own" offers.
    expect(text.replace("US first names", "").match(/.*\bnames?\b.*/gi)).toBeNull();
  });

  describe("says what its things are called", () => {
    /** Opens the page with answers of the server's that are other ones, or wait. */
    async function openWith(change: (page: Page) => Promise<unknown>, width = 1280): Promise<Page> {
      const context = await browser.newContext({ viewport: { width, height: 844 } });
      onTestFinished(() => context.close());
      const page = await context.newPage();
      await change(page);
      await page.goto(`${server.address}/?seed=42`);
      return page;
    }
    const heading = (page: Page, things: string) =>
      page.getByRole("heading", { name: `New ${things}, made one letter at a time.` });

    test("once it knows, and before that nothing that it would take back", async () => {
      const { promise: asked, resolve: answer } = Promise.withResolvers<void>();
      const page = await openWith((page) =>
        page.route("**/models", async (route) => {
          await asked;
          await route.continue();
        })
      );
      await page.locator(".names").waitFor({ state: "attached" }); // all but the cards has come
      expect(await page.locator("body").innerText()).not.toMatch(/\b(names|things)\b/);
      answer();
      await heading(page, "names").waitFor();
      await page.getByRole("button", { name: "Make new names" }).waitFor();
    });

    test("when the server has opened its models, and says that it is opening them", async () => {
      const page = await openWith(async (page) => {
        const opening = {
          status: "starting",
          runtime: "deno",
          default_model: "gru",
          models: [{ name: "gru", status: "opening" }],
        };
        await page.route("**/models", (route) => route.fulfill({ json: [] }), { times: 1 });
        await page.route("**/health", (route) => route.fulfill({ status: 503, json: opening }), { times: 1 });
      });
      await page.getByText("The server is opening its models …").waitFor();
      expect(await page.getByRole("alert").count()).toBe(0);
      await heading(page, "names").waitFor();
      expect(await page.getByText("The server is opening its models …").count()).toBe(0);
    });

    test("in general words where it cannot know", async () => {
      const page = await openWith((page) => page.route("**/models", (route) => route.abort()));
      await heading(page, "things").waitFor();
      expect(await page.getByRole("alert").first().textContent()).toContain("The server cannot be reached");
    });

    test("in general words where something else answers for the server", async () => {
      const page = await openWith((page) =>
        page.route(
          /\/(models|health|generate|score|next)(\?|$)/,
          (route) => route.fulfill({ status: 503, json: { detail: "no upstream" } }),
        )
      );
      await heading(page, "things").waitFor();
      await expect.poll(() => page.getByRole("alert").allTextContents())
        .toEqual(new Array(3).fill("The server cannot answer: no upstream.Try again"));
    });

    test.each([1280, 390])("and moves nothing when it has loaded, %d pixels wide", async (width) => {
      const { promise: known, resolve: generate } = Promise.withResolvers<void>();
      const page = await openWith((page) =>
        page.route("**/generate?*", async (route) => {
          await known;
          await route.continue();
        }), width);
      await heading(page, "names").waitFor();
      generate();
      await marks(page);
      expect(await page.evaluate(LAYOUT_SHIFT)).toBeLessThan(0.02);
    });
  });

  test("takes its example away where the model does not know its letters", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42`);
    const field = page.getByLabel("Your text");
    expect(await field.inputValue()).toBe("eleanor");
    await page.route("**/models", async (route) => {
      const response = await route.fetch();
      const cards = await response.json();
      await route.fulfill({ json: cards.map((card: object) => ({ ...card, vocabulary: "אבגדה" })) });
    });
    await page.reload();
    await page.getByText("Type something, or choose its first letter.").waitFor();
    expect(await field.inputValue()).toBe("");
    await page.goto(`${server.address}/?seed=42&name=eleanora`);
    await page.getByText("“eleanora” is").waitFor(); // what somebody typed stays
  });

  test("pictures the commonest characters of a large vocabulary, and says so", async () => {
    const { page } = await openPage(browser, `${server.address}/?model=towns`);
    await page.getByText("The pictures show the 39 commonest of its 43 characters.").waitFor();
    await page.getByRole("heading", { name: "The card" }).scrollIntoViewIfNeeded();
    const scatter = page.getByRole("img", { name: "Scatter of the characters’ embeddings" });
    await scatter.waitFor();
    const dots = await scatter.locator("circle").evaluateAll((dots) =>
      dots.map((dot) => dot.getAttribute("fill"))
    );
    const symbols = await scatter.locator("text").allTextContents();
    expect(symbols).toHaveLength(40);
    const filled = symbols.filter((_, i) => dots[i] === "var(--accent)");
    expect(filled).toEqual(expect.arrayContaining(["a", "é", "è", "y"]));
    expect(filled).not.toContain("ç");
    await page.getByRole("img", { name: "Heat map of pairs of characters" }).waitFor();
  });

  test("marks each as new or known, once it is made, without the list", async () => {
    const { page, requests } = await openPage(browser, `${server.address}/?seed=42&model=towns`);
    const list = new Set(
      (await (await fetch(`${server.address}/models/towns/training_names.txt`)).text()).split("\n"),
    );
    const made = await generate("n=20&seed=42&model=towns");
    const expected = made.map((name) => (list.has(name) ? "known" : "new"));
    expect(new Set(expected).size).toBe(2);
    expect(await marks(page)).toEqual(expected);
    const known = expected.filter((mark) => mark === "known").length;
    await page.getByText(`${20 - known} new, ${known} known.`).waitFor();
    expect(requests.filter((request) => request.includes("training_names"))).toEqual([]);
    await page.getByLabel("Only new ones").check();
    await expect.poll(() => page.locator(".mark.new").count()).toBe(20);
  });

  test("makes each once only, if asked to", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42&temperature=0.3&n=40&model=bigram`);
    const repeated = await shownNames(page);
    expect(new Set(repeated).size).toBeLessThan(40);
    await page.getByLabel("Each only once").check();
    await expect.poll(() => shownNames(page)).not.toEqual(repeated);
    const made = await shownNames(page);
    expect(made).toEqual(await generate("seed=42&temperature=0.3&n=40&model=bigram&unique=true"));
    expect(new Set(made).size).toBe(made.length);
    await expect.poll(() => new URL(page.url()).searchParams.get("unique")).toBe("true");
    await page.reload();
    await expect.poll(() => page.getByLabel("Each only once").isChecked()).toBe(true);
  });

  test("downloads what it made, as text and as CSV", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42&n=5`);
    await marks(page);
    const download = async (button: string) => {
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: button }).click(),
      ]);
      return { name: file.suggestedFilename(), text: await readFile((await file.path())!, "utf8") };
    };
    const made = await generate("n=5&seed=42");
    expect(await download("Download as text")).toEqual({
      name: "names.txt",
      text: made.map((name) => `${name}\n`).join(""),
    });
    const { name, text } = await download("Download as CSV");
    expect(name).toBe("names.csv");
    expect(text).toMatch(/^name,nll,perplexity,new\r\n/);
    expect(text.trim().split("\r\n").slice(1).map((row) => row.split(",")[0])).toEqual(made);
  });

  test("shows no result that is not the answer to what stands there", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42`);
    await page.getByLabel("How many").fill("0");
    await page.locator("#generate").getByRole("alert").waitFor();
    expect(await shownNames(page)).toEqual([]);
    expect(await page.locator("#generate .status").textContent()).toBe("");
    await page.getByLabel("Your text").fill("é");
    await page.locator("#score").getByRole("alert").waitFor();
    expect(await page.locator("#score").getByRole("list").count()).toBe(0);
  });

  test("offers WebAssembly where there is no WebGPU", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42`);
    await page.getByRole("radio", { name: "Here, WebGPU" }).check({ force: true });
    await page.locator("#generate").getByRole("button", { name: "Use WebAssembly" }).click();
    await page.getByText(/seed 42, in [\d.]+ ms in this browser by WebAssembly/).waitFor();
    expect(await page.getByRole("radio", { name: "Here, WebAssembly" }).isChecked()).toBe(true);
  });

  test("fits long things, and a thousand of them, without a longer page", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42&model=towns&n=20`);
    const box = async (selector: string) => (await page.locator(selector).first().boundingBox())!;
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      const names = page.locator(".names .name");
      const heights = await names.evaluateAll((names) => names.map((name) => name.getClientRects().length));
      expect(new Set(heights)).toEqual(new Set([1]));
      const lines = await names.evaluateAll((names) =>
        names.map((name) =>
          (name as HTMLElement).offsetHeight / parseFloat(getComputedStyle(name).lineHeight)
        )
      );
      expect(Math.max(...lines)).toBeLessThan(1.5); // none is broken
    }
    await page.getByLabel("How many").fill("1000");
    await page.getByText(/^1,000 towns by towns/).waitFor();
    expect((await box(".names")).height).toBeLessThan(844);
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(10_000);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  test("shows a phone the temperature, the button and what it makes first", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42`, {
      viewport: { width: 390, height: 844 },
    });
    const top = async (selector: string) => (await page.locator(selector).first().boundingBox())!.y;
    const tops = await Promise.all([
      "h1",
      "#temperature",
      ".make .primary",
      ".names .name",
      ".hero ~ .introduction .lead",
      "#model",
    ].map(top));
    expect(tops).toEqual(tops.toSorted((a, b) => a - b));
    expect(tops[3]).toBeLessThan(600);
    const settings = await top("#prefix");
    expect(settings).toBeGreaterThan(tops[3]);
  });

  test("moves nothing when a status changes", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42`, {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await marks(page);
    const before = await page.evaluate(LAYOUT_SHIFT);
    const places = () =>
      page.evaluate(() =>
        [".names", ".take", "#score", ".copies"].map((selector) =>
          document.querySelector(selector)!.getBoundingClientRect().top + scrollY
        )
      );
    const placesBefore = await places();
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByText("Copied").waitFor();
    await page.getByRole("radio", { name: "Here, WebAssembly" }).check({ force: true });
    await page.getByText(/seed 42, in [\d.]+ ms in this browser by WebAssembly/).waitFor();
    await marks(page);
    expect(await places()).toEqual(placesBefore);
    expect(await page.evaluate(LAYOUT_SHIFT)).toBe(before);
  });
});
