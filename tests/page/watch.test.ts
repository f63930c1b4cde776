import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { advance, begin } from "../../page/watch/making.ts";
import type { NextLetter, Shaping } from "../../page/watch/next_letter.ts";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import type { Server } from "../processes.ts";
import { startPageServer } from "../servers.ts";
import { openPage } from "./open_page.ts";

let server: Server;
let browser: Browser;

interface Names {
  names: { name: string }[];
}

async function ask<Answer>(path: string): Promise<Answer> {
  return await (await fetch(server.address + path)).json();
}

/** Scrolls to a section, and waits until it has loaded. */
async function goTo(page: Page, id: string): Promise<Locator> {
  await page.locator(`nav a[href="#${id}"]`).click();
  const section = page.locator(`#${id}`);
  await section.locator(".lead").waitFor();
  return section;
}

describeWithBrowser("the page that shows how it works", () => {
  beforeAll(async () => {
    server = await startPageServer();
    browser = await startBrowser("none");
    return async () => {
      await browser.close();
      await server.end();
    };
  });

  test.each<[string, Shaping, string]>([
    ["as the model has it", { temperature: 1, topK: null, topP: 1 }, ""],
    ["with a temperature", { temperature: 1.6, topK: null, topP: 1 }, "&temperature=1.6"],
    ["with everything", { temperature: 0.8, topK: 9, topP: 0.9 }, "&temperature=0.8&top_k=9&top_p=0.9"],
  ])("draws the letters of /generate, %s", async (_, shaping, query) => {
    const { vocabulary } = await ask<{ vocabulary: string }>("/models/mlp");
    for (let seed = 1; seed <= 12; seed++) {
      let making = begin(seed);
      while (!making.finished) {
        const { next } = await ask<{ next: NextLetter[] }>(`/next?model=mlp&prefix=${making.text}`);
        const letters = [".", ...vocabulary].map((character) =>
          next.find((letter) => letter.character === character)!
        );
        making = advance(making, letters, shaping);
      }
      const { names } = await ask<Names>(`/generate?model=mlp&n=1&seed=${seed}${query}`);
      expect(making.text).toBe(names[0].name);
    }
  });

  describe("makes one thing letter by letter", () => {
    test("step by step, as /generate makes it from the same seed", async () => {
      const { page, errors } = await openPage(browser, `${server.address}/?seed=42`);
      const watch = await goTo(page, "watch");
      const { names: [{ name }] } = await ask<Names>("/generate?n=1&seed=42");
      const told = watch.locator(".told");
      await expect.poll(() => told.textContent()).toMatch(
        /^At the beginning of one of the names, the likeliest are/,
      );
      const step = watch.getByRole("button", { name: "Step" });
      for (const [i, letter] of Array.from(name).entries()) {
        const before = name.slice(0, i);
        expect(await watch.locator(".window li").allInnerTexts().then((shown) => shown.at(-1)!.trim()))
          .toContain(before.at(-1) ?? "·");
        await step.click();
        await expect.poll(() => told.textContent()).toMatch(
          new RegExp(`^The random number 0\\.\\d{3} fell between .* that is ${letter}\\.$`),
        );
        expect(await watch.locator(".bars .drawn text").textContent()).toBe(letter);
        expect(await watch.locator(".made .text").textContent()).toBe(before);
        await step.click();
        await expect.poll(() => watch.locator(".made .text").textContent()).toBe(before + letter);
        await expect.poll(() => told.textContent()).toMatch(/^After “.*”, the likeliest are/);
      }
      await step.click();
      await expect.poll(() => told.textContent()).toContain("that is the end.");
      await step.click();
      await expect.poll(() => told.textContent()).toBe(
        `The end was drawn: “${name}” is finished. The same seed makes it again.`,
      );
      expect(await step.isDisabled()).toBe(true);
      expect(errors).toEqual([]);
    });

    test("by itself, until it is paused", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      const watch = await goTo(page, "watch");
      const text = watch.locator(".made .text");
      await watch.getByRole("button", { name: "Play" }).press("Enter");
      await expect.poll(() => text.textContent(), { timeout: 15_000 }).toMatch(/^..$/);
      expect(await watch.locator(".told").getAttribute("aria-live")).toBe("off");
      await watch.getByRole("button", { name: "Pause" }).press("Enter");
      const told = await watch.locator(".told").textContent();
      await page.waitForTimeout(2500); // two steps
      expect(await watch.locator(".told").textContent()).toBe(told);
      expect(await watch.locator(".told").getAttribute("aria-live")).toBe("polite");
      await watch.getByRole("button", { name: "From the beginning" }).click();
      expect(await text.textContent()).toBe("");
    });

    test("with bars that are reshaped without a request", async () => {
      const { page, requests } = await openPage(browser, `${server.address}/?seed=42`);
      const watch = await goTo(page, "watch");
      const bars = watch.locator(".bars .shaped");
      await bars.first().waitFor();
      const heights = () => bars.evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("height"))));
      const before = await heights();
      const asked = () => requests.filter((address) => /\/(next|generate|score)\?/.test(address)).length;
      await page.waitForLoadState("networkidle"); // the page has asked for all that it shows
      const already = asked();
      await watch.getByLabel("Top-k").fill("3");
      await expect.poll(async () => (await heights()).filter((height) => height > 0).length).toBe(3);
      expect(await watch.locator(".line rect").count()).toBe(3);
      await watch.getByLabel("Top-k").fill("27");
      await watch.getByLabel("Top-p").fill("0.2");
      await expect.poll(async () => (await heights()).filter((height) => height > 0).length).toBeLessThan(5);
      await watch.getByLabel("Top-p").fill("1");
      await watch.getByLabel("Temperature").fill("2.5");
      await expect.poll(async () => Math.min(...(await heights()).slice(1))).toBeGreaterThan(
        Math.min(...before.slice(1)),
      );
      await watch.getByLabel("Temperature").fill("1");
      await expect.poll(heights).toEqual(before);
      expect(asked()).toBe(already);
    });

    test("with what a model with a state remembers", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42&model=towns`);
      const watch = await goTo(page, "watch");
      await watch.getByText(/remembers all of them in 128 numbers, its state/).waitFor();
      const points = watch.getByRole("img", {
        name: /as points among those of the vocabulary: the beginning$/,
      });
      await points.waitFor();
      expect(await points.locator("circle").count()).toBe(1);
    });

    test("and moves nothing for who prefers that", async () => {
      const motion = async (reducedMotion: "reduce" | "no-preference") => {
        const { page } = await openPage(browser, `${server.address}/?seed=42`, { reducedMotion });
        const watch = await goTo(page, "watch");
        await watch.locator(".bars .shaped").first().waitFor();
        await watch.getByRole("button", { name: "Step" }).click();
        return await watch.locator(".number").evaluate((number) => getComputedStyle(number).animationName);
      };
      expect(await motion("no-preference")).toBe("fall");
      expect(await motion("reduce")).toBe("none");
    });
  });

  test("compares two models on the same seed and the same text", async () => {
    const { page, errors } = await openPage(
      browser,
      `${server.address}/?seed=42&temperature=0.8&name=andrej`,
    );
    const compare = await goTo(page, "compare");
    await compare.getByLabel("Compare gru with").selectOption("mlp");
    for (const model of ["gru", "mlp"]) {
      const { names } = await ask<Names>(`/generate?n=8&seed=42&temperature=0.8&model=${model}`);
      const made = compare.getByRole("list", { name: `Made by ${model}` }).getByRole("listitem");
      await expect.poll(() => made.allTextContents()).toEqual(names.map(({ name }) => name));
      const { percentile } = await ask<{ percentile: number }>(`/score?name=andrej&model=${model}`);
      await compare.getByRole("group", { name: model }).getByText(`likelier than ${percentile.toFixed(0)}%`)
        .waitFor();
    }
    await compare.getByLabel("The same text for both").fill("zoë");
    await expect.poll(() => compare.getByRole("alert").count()).toBe(2);
    expect(await compare.getByText("likelier").count()).toBe(0);
    await compare.getByLabel("Compare gru with").selectOption("towns");
    await compare.getByRole("group", { name: "towns" }).getByText("“zoë” is").waitFor();
    expect(errors.filter((error) => !error.includes("400"))).toEqual([]);
  });

  test("says that a section has not loaded, and loads it once it can", async () => {
    const { page } = await openPage(browser, server.address);
    await page.route("**/watch-*.js", (route) => route.abort());
    await page.locator('nav a[href="#watch"]').click();
    const alert = page.locator("#watch").getByRole("alert");
    await alert.waitFor();
    await page.unroute("**/watch-*.js");
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.locator("#watch .lead").waitFor();
    expect(await alert.count()).toBe(0);
  });

  test("passes axe and fits the window, wide and narrow, light and dark", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42`);
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await page.evaluate(axe);
    await goTo(page, "compare");
    await page.locator(".sides .few").nth(1).waitFor();
    const watch = await goTo(page, "watch");
    await watch.locator(".bars .shaped").first().waitFor();
    await watch.getByRole("button", { name: "Step" }).click();
    await watch.locator(".number").waitFor();
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate<AxeResults>("axe.run('#watch, #compare')");
        const found = violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
        expect(found, `${width} pixels, ${colorScheme}`).toEqual([]);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
  });
});
