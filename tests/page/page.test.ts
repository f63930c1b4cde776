import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { AxeResults } from "axe-core";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import type { Server } from "../processes.ts";
import { startPageServer } from "../servers.ts";
import { openPage, shownNames } from "./open_page.ts";

/** The default model's names for seed 42, as /generate gives them. */
let expected: string[];
let server: Server;
let browser: Browser;

/** Requests a path of the API directly. */
async function ask<Answer>(path: string): Promise<Answer> {
  return await (await fetch(server.address + path)).json();
}

interface Names {
  seed: number;
  names: { name: string; perplexity: number }[];
}

/** Waits until the page shows some names. */
async function expectNames(page: Page, names: string[]): Promise<void> {
  await expect.poll(() => shownNames(page), { timeout: 20_000 }).toEqual(names);
}

describeWithBrowser("the page", () => {
  beforeAll(async () => {
    server = await startPageServer();
    browser = await startBrowser("none");
    expected = (await ask<Names>("/generate?n=20&seed=42")).names.map(({ name }) => name);
    return async () => {
      await browser.close();
      await server.end();
    };
  });

  describe("generates", () => {
    test("twenty names with their perplexities, and other names at the press of a button", async () => {
      const { page, errors } = await openPage(browser, `${server.address}/?seed=42`);
      const { names } = await ask<Names>("/generate?n=20&seed=42");
      await expectNames(page, expected);
      const shown = await page.locator(".names .perplexity").allInnerTexts();
      expect(shown.map((text) => text.replace(/\s+/g, " "))).toEqual(
        names.map(({ perplexity }) => `perplexity ${perplexity.toFixed(1)}`),
      );
      const status = page.locator("#generate .status");
      await expect.poll(() => status.textContent(), { timeout: 20_000 }).toMatch(
        /^20 names by gru, seed 42, in [\d.]+ ms at the edge\./,
      );
      await page.getByRole("button", { name: "Make new names" }).click();
      await expect.poll(() => shownNames(page)).not.toEqual(expected);
      const seed = await page.locator("#generate").getByLabel("Seed").inputValue();
      const { names: others } = await ask<Names>(`/generate?n=20&seed=${seed}`);
      await expectNames(page, others.map(({ name }) => name));
      expect(errors).toEqual([]);
    });

    test("with every setting, at once and from the same seed", async () => {
      const { page, requests } = await openPage(browser, `${server.address}/?seed=42`);
      await page.getByLabel("Model").selectOption("mlp");
      await page.getByLabel("Temperature").fill("0.5");
      await page.getByLabel("Begins with").fill("Mar");
      await page.getByLabel("How many").fill("7");
      await page.getByLabel("Shortest").fill("5");
      await page.getByLabel("Longest").fill("9");
      await page.getByLabel("Top-k").fill("12");
      await page.getByLabel("Top-p").fill("0.95");
      const path =
        "/generate?n=7&temperature=0.5&top_k=12&top_p=0.95&prefix=Mar&min_length=5&max_length=9&seed=42&model=mlp";
      const { names } = await ask<Names>(path);
      expect(names).toHaveLength(7);
      await expectNames(page, names.map(({ name }) => name));
      expect(await page.getByLabel("curl command").textContent()).toBe(`curl '${server.address}${path}'`);
      await page.getByLabel("Only new ones").check();
      const novelPath = path.replace("&model", "&novel=true&model");
      const { sha256 } = await ask<{ sha256: string }>("/models/mlp");
      const pinned = novelPath.replace("model=mlp", `model=mlp%40${sha256.slice(0, 8)}`);
      await expect.poll(() => requests).toContain(server.address + pinned);
      const { names: novel } = await ask<Names>(novelPath);
      expect(novel).not.toEqual(names);
      await expectNames(page, novel.map(({ name }) => name));
    });

    test("and copies them as curl, as a list and as a link", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42&n=3`, {
        permissions: ["clipboard-read", "clipboard-write"],
      });
      await expectNames(page, expected.slice(0, 3));
      const copied = async (button: string) => {
        await page.getByRole("button", { name: button }).click();
        await page.getByRole("status").filter({ hasText: "Copied" }).first().waitFor();
        return await page.evaluate(() => navigator.clipboard.readText());
      };
      expect(await copied("Copy as curl")).toBe(`curl '${server.address}/generate?n=3&seed=42'`);
      expect(await copied("Copy the list")).toBe(expected.slice(0, 3).map((name) => `${name}\n`).join(""));
      expect(await copied("Copy a link to this")).toBe(`${server.address}/?n=3&seed=42`);
    });

    test("nothing from a wrong setting, and says beside the field what is wrong", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      await page.getByLabel("How many").fill("0");
      const alert = page.locator("#generate").getByRole("alert");
      await alert.waitFor();
      expect(await alert.textContent()).toContain('n must be a whole number from 1 to 1000, got "0"');
      expect(await page.getByLabel("How many").getAttribute("aria-invalid")).toBe("true");
      expect(await page.locator("#n-hint").textContent()).toContain("must be a whole number from 1 to 1000");
      expect(await page.getByLabel("How many").inputValue()).toBe("0");
      await page.getByLabel("How many").fill("2");
      await expectNames(page, expected.slice(0, 2));
      expect(await alert.count()).toBe(0);
    });
  });

  describe("scores", () => {
    interface Score {
      nll: number;
      perplexity: number;
      percentile: number;
      characters: { character: string; probability: number }[];
    }

    test("at every keystroke, in colours and in words", async () => {
      const { page, errors, requests } = await openPage(browser, server.address);
      const { sha256 } = await ask<{ sha256: string }>("/models/gru");
      await page.getByLabel("Model").waitFor(); // the cards have come
      await page.getByLabel("Your text").fill("");
      await page.getByLabel("Your text").pressSequentially("Xqé", { delay: 60 });
      await page.locator("#score").getByRole("alert").waitFor();
      expect(await page.locator("#score").getByRole("alert").textContent()).toMatch(
        /^Your text "Xqé" has the character "é" at position 3, which model gru does not know: it knows "abc/,
      );
      expect(await page.getByLabel("Your text").inputValue()).toBe("Xqé");
      await page.getByLabel("Your text").press("Backspace");
      await page.getByLabel("Your text").pressSequentially("zvk", { delay: 60 });
      await page.getByText(
        "“xqzvk” is, letter for letter, less likely than practically all the names kept from its training.",
      ).waitFor();
      for (const typed of ["X", "Xq", "Xqz", "Xqzv", "Xqzvk"]) {
        // Pinned, so that the browser asks about each beginning once.
        const path = `/score?name=${typed}&model=gru%40${sha256.slice(0, 8)}`;
        expect(requests).toContain(server.address + path);
      }
      const letters = page.getByRole("list", { name: "Letters" }).getByRole("listitem");
      expect(await letters.count()).toBe(6);
      expect((await letters.nth(1).innerText()).replace(/\s+/g, " ")).toMatch(
        /^q <?[\d.]+% likely, very surprising$/,
      );
      expect(await letters.nth(1).getAttribute("class")).toContain("shade-9");
      expect(errors.filter((error) => !error.includes("400"))).toEqual([]);
    });

    test("with the numbers of the API", async () => {
      const { page } = await openPage(browser, `${server.address}/?name=andrej&model=mlp`);
      const scored = await ask<Score>("/score?name=andrej&model=mlp");
      await page.getByText(
        `“andrej” is, letter for letter, likelier than ${
          scored.percentile.toFixed(0)
        }% of the names kept from its training.`,
      )
        .waitFor();
      const figures = await page.locator(".figures dd:not(.hint)").allTextContents();
      expect(figures.slice(0, 2)).toEqual([scored.nll.toFixed(3), scored.perplexity.toFixed(2)]);
      const letters = await page.locator(".letter .character").allTextContents();
      expect(letters).toEqual(["a", "n", "d", "r", "e", "j", "end"]);
      const { next } = await ask<{ next: { character: string; probability: number }[] }>(
        "/next?prefix=andrej&model=mlp",
      );
      const bars = await page.locator(".next li .choice").allTextContents();
      expect(bars).toEqual(next.slice(0, 12).map(({ character }) => (character === "." ? "end" : character)));
      const widths = await page.locator(".next rect").evaluateAll((bars) =>
        bars.map((bar) => Number(bar.getAttribute("width")))
      );
      expect(widths).toEqual(
        next.slice(0, 12).map(({ probability }) =>
          expect.closeTo(100 * probability / next[0].probability, 6)
        ),
      );
    });

    test("a generated name that is chosen, and adds a letter that may follow", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      await page.getByRole("button", { name: expected[0] }).click();
      await page.getByText(`“${expected[0]}” is`).waitFor();
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("name");
      const letter = page.getByRole("button", { name: /^Type / }).first();
      const typed = (await letter.textContent())!;
      await letter.click();
      await page.getByText(`“${expected[0]}${typed}” is`).waitFor();
    });
  });

  test("requests the newer model where it was trained anew meanwhile", async () => {
    const { page, requests } = await openPage(browser, server.address);
    await page.getByLabel("Model").waitFor();
    await page.route(
      /model=gru%40/,
      (route) => route.fulfill({ status: 404, json: { detail: "another" } }),
    );
    await page.getByLabel("Your text").fill("andrej");
    await page.getByText("“andrej” is, letter for letter, likelier than").waitFor();
    const before = requests.length;
    await page.getByLabel("Your text").fill("eleanora");
    await page.getByText("“eleanora” is, letter for letter, likelier").waitFor();
    expect(requests.slice(before).filter((request) => request.includes("%40"))).toEqual([]);
  });

  describe("asks again for models", () => {
    const optionOf = (page: Page, name: string) =>
      page.getByLabel("Model").locator("option", { hasText: name });

    async function newPage(): Promise<Page> {
      const context = await browser.newContext();
      onTestFinished(() => context.close());
      return await context.newPage();
    }

    test.each(["opening", "ready"])("that were %s and had no card yet", async (status) => {
      const page = await newPage();
      /** Changes the first answer to a path. */
      const changeFirst = async <Answer>(path: string, change: (answer: Answer) => Answer) => {
        let first = true;
        await page.route(path, async (route) => {
          if (!first) return await route.continue();
          first = false;
          const response = await route.fetch();
          await route.fulfill({ response, json: change(await response.json()) });
        });
      };
      type Models = { name: string; status?: string }[];
      await changeFirst("**/models", (cards: Models) => cards.filter(({ name }) => name !== "mlp"));
      await changeFirst("**/health", ({ models, ...rest }: { models: Models }) => ({
        ...rest,
        models: models.map((model) => model.name === "mlp" ? { ...model, status } : model),
      }));
      await page.goto(server.address);
      await expect.poll(() => optionOf(page, "mlp").count(), { timeout: 20_000 }).toBe(1);
    });

    test("but not once all are there", async () => {
      const page = await newPage();
      await page.clock.install();
      const state = page.waitForResponse("**/health");
      await page.goto(server.address);
      await (await state).finished();
      await optionOf(page, "mlp").waitFor({ state: "attached" });
      let asked = 0;
      page.on("request", (request) => asked += request.url().endsWith("/health") ? 1 : 0);
      for (let second = 0; second < 10; second++) await page.clock.runFor(1000);
      expect(asked).toBe(0);
    });
  });

  test("shows what is inside a model, in charts that load when they come near", async () => {
    const { page, errors, requests } = await openPage(browser, server.address);
    const chartFiles = () => requests.filter((request) => /scatter|heat_map|loss_curve/.test(request));
    expect(chartFiles()).toEqual([]);
    await page.getByRole("heading", { name: "The card" }).scrollIntoViewIfNeeded();
    const symbols = [".", ..."abcdefghijklmnopqrstuvwxyz"];
    for (const model of ["bigram", "mlp", "gru"]) {
      await page.getByLabel("Model").selectOption(model);
      await page.getByRole("heading", { name: `Inside ${model}` }).waitFor();
      await page.getByRole("heading", { name: "The card" }).scrollIntoViewIfNeeded();
      const { sha256, pictures } = await ask<{ sha256: string; pictures: { bigrams: number[][] } }>(
        `/models/${model}`,
      );
      expect(await page.locator(".facts").textContent()).toContain(sha256);
      const trained = model === "bigram" ? 0 : 1;
      const heatMap = page.getByRole("img", { name: "Heat map of pairs of characters" });
      await heatMap.waitFor();
      const pairs = pictures.bigrams.flat().filter((count) => count > 0).length;
      expect(await heatMap.locator("rect[fill-opacity]").count()).toBe(pairs);
      const curve = page.getByRole("img", { name: /^Loss curve: from \d\.\d\d to \d\.\d\d nats/ });
      await expect.poll(() => curve.count()).toBe(trained);
      const scatter = page.getByRole("img", { name: "Scatter of the characters’ embeddings" });
      await expect.poll(() => scatter.count()).toBe(trained);
      expect(await scatter.locator("text").allTextContents()).toEqual(trained ? symbols : []);
    }
    expect(chartFiles()).toHaveLength(3);
    const readout = page.locator(".after [role=status]");
    await page.getByLabel("After", { exact: true }).selectOption("q");
    await expect.poll(() => readout.textContent()).toMatch(/most often u \d+%/);
    await page.locator(".rows > *").nth(symbols.indexOf("j")).hover();
    await expect.poll(() => readout.textContent()).toMatch(/most often a \d+%/);
    expect(await page.getByLabel("After", { exact: true }).inputValue()).toBe(String(symbols.indexOf("j")));
    const [row, cell] = await Promise.all([
      page.locator(".rows .chosen").boundingBox(),
      page.locator(".heat-map svg text").getByText("j", { exact: true }).last().boundingBox(),
    ]);
    expect(row!.y).toBeLessThanOrEqual(cell!.y + 1);
    expect(row!.y + row!.height).toBeGreaterThanOrEqual(cell!.y + cell!.height - 1);
    expect(errors).toEqual([]);
  });

  test("says that a chart has not loaded, and draws it at the second attempt", async () => {
    const { page } = await openPage(browser, `${server.address}/?model=mlp`);
    await page.route("**/loss_curve-*.js", (route) => route.abort());
    await page.getByRole("heading", { name: "The card" }).scrollIntoViewIfNeeded();
    const alert = page.locator("#inside").getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toContain("The server cannot be reached");
    await page.getByRole("img", { name: "Heat map of pairs of characters" }).waitFor();
    await page.unroute("**/loss_curve-*.js");
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("img", { name: /^Loss curve/ }).waitFor();
    expect(await alert.count()).toBe(0);
  });

  describe("runs a model", () => {
    test("in the browser by WebAssembly, which it loads only then", async () => {
      const { page, errors, requests } = await openPage(browser, `${server.address}/?seed=42`);
      await expectNames(page, expected);
      expect(requests.filter((request) => /wasm|onnx|browser_runtime/.test(request))).toEqual([]);
      await page.getByRole("radio", { name: "Here, WebAssembly" }).check({ force: true });
      await page.getByText(/seed 42, in [\d.]+ ms in this browser by WebAssembly/).waitFor();
      await expectNames(page, expected);
      expect(requests.filter((request) => /\.wasm\.gz$|\.onnx$/.test(request))).toHaveLength(2);
      await page.locator('nav a[href="#watch"]').click(); // the sections below come now, not while requests are counted
      await page.locator("#watch .lead").waitFor();
      await page.locator('nav a[href="#compare"]').click();
      await page.locator(".sides .few").nth(1).waitFor();
      // From here on no request goes to the API.
      const before = requests.length;
      await page.getByLabel("Your text").fill("andrej");
      const { percentile } = await ask<{ percentile: number }>("/score?name=andrej");
      await page.getByText(
        `“andrej” is, letter for letter, likelier than ${
          percentile.toFixed(0)
        }% of the names kept from its training.`,
      ).waitFor();
      await page.getByLabel("Begins with").fill("zo");
      const { names } = await ask<Names>("/generate?n=20&seed=42&prefix=zo");
      await expectNames(page, names.map(({ name }) => name));
      await page.getByLabel("Only new ones").check();
      const { names: novel } = await ask<Names>("/generate?n=20&seed=42&prefix=zo&novel=true");
      expect(novel).not.toEqual(names);
      await expectNames(page, novel.map(({ name }) => name));
      // Parts of the page may still load as it is scrolled, and Chromium may request its icon again.
      expect(requests.slice(before).filter((request) => !request.includes("/assets/"))).toEqual([]);
      expect(errors).toEqual([]);
    });

    test("in the browser by WebGPU, with the same twenty names everywhere", async () => {
      const withWebGpu = await startBrowser("software");
      onTestFinished(() => withWebGpu.close());
      const { page, errors } = await openPage(withWebGpu, `${server.address}/?seed=42`);
      for (const model of ["gru", "mlp", "bigram"]) {
        const { names } = await ask<Names>(`/generate?n=20&seed=42&model=${model}`);
        await page.getByLabel("Model").selectOption(model);
        for (const place of ["WebGPU", "WebAssembly"]) {
          await page.getByRole("radio", { name: `Here, ${place}` }).check({ force: true });
          await page.getByText(new RegExp(`by ${model}, seed 42, in [\\d.]+ ms in this browser by ${place}`))
            .waitFor();
          await expectNames(page, names.map(({ name }) => name));
        }
      }
      expect(errors).toEqual([]);
    });

    test("unless there is no WebGPU: it says so, and the edge still works", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      await page.getByRole("radio", { name: "Here, WebGPU" }).check({ force: true });
      const alert = page.locator("#generate").getByRole("alert");
      await alert.waitFor();
      expect(await alert.textContent()).toContain("WebGPU cannot run here: this browser has no WebGPU");
      await page.getByRole("radio", { name: "At the edge" }).check({ force: true });
      await expect.poll(() => alert.count()).toBe(0);
      await expectNames(page, expected);
    });

    test("unless the model does not load: it says so, and tries again", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      await page.route("**/model.onnx", (route) => route.fulfill({ body: "no model" }));
      await page.getByRole("radio", { name: "Here, WebAssembly" }).check({ force: true });
      const alert = page.locator("#generate").getByRole("alert");
      await alert.waitFor();
      expect(await alert.textContent()).toContain("the model does not load: gru.onnx is not the file");
      await page.unroute("**/model.onnx");
      await alert.getByRole("button", { name: "Try again" }).click();
      await page.getByText(/in this browser by WebAssembly/).first().waitFor();
      await expectNames(page, expected);
    });
  });

  test("is restored from a link", async () => {
    const link =
      "?model=mlp&runtime=wasm&n=5&temperature=0.7&top_k=9&top_p=0.9&prefix=ka&min_length=4&max_length=8" +
      "&seed=7&name=kasimir";
    const { page } = await openPage(browser, `${server.address}/${link}`);
    const { names } = await ask<Names>(
      "/generate?n=5&temperature=0.7&top_k=9&top_p=0.9&prefix=ka&min_length=4&max_length=8&seed=7&model=mlp",
    );
    await expectNames(page, names.map(({ name }) => name));
    const fields = {
      "Your text": "kasimir",
      "Begins with": "ka",
      Seed: "7",
      Model: "mlp",
      Temperature: "0.7",
    };
    for (const [label, value] of Object.entries(fields)) {
      const field = page.getByLabel(label, { exact: label === "Your text" }).first(); // training has a seed, too
      expect(await field.inputValue()).toBe(value);
    }
    expect(await page.getByRole("radio", { name: "Here, WebAssembly" }).isChecked()).toBe(true);
    await page.getByText("“kasimir” is").waitFor();
    await page.getByLabel("Your text").fill("kasimira");
    await expect.poll(() => new URL(page.url()).searchParams.get("name")).toBe("kasimira");
    await page.reload();
    await page.getByText("“kasimira” is").waitFor();
  });

  describe("tells the visitor", () => {
    test("that the server cannot be reached, keeps what was typed, and goes on by itself", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      await page.context().setOffline(true);
      await page.getByLabel("Begins with").fill("zo");
      await page.getByLabel("Your text").fill("offline");
      for (const section of ["#generate", "#score"]) {
        const alert = page.locator(section).getByRole("alert");
        await alert.waitFor();
        expect(await alert.textContent()).toContain("The server cannot be reached");
      }
      await page.getByRole("button", { name: "Try again" }).first().click();
      await page.locator("#generate").getByRole("alert").waitFor();
      await page.context().setOffline(false);
      const { names } = await ask<Names>("/generate?n=20&seed=42&prefix=zo");
      await expectNames(page, names.map(({ name }) => name));
      await page.getByText("“offline” is").waitFor();
      await expect.poll(() => page.getByRole("alert").allTextContents(), { timeout: 20_000 }).toEqual([]);
      expect(await page.getByLabel("Begins with").inputValue()).toBe("zo");
    });

    test("that a runtime has not loaded, and loads it once it can", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      await page.context().setOffline(true);
      await page.getByRole("radio", { name: "Here, WebAssembly" }).check({ force: true });
      const alert = page.locator("#generate").getByRole("alert");
      await alert.waitFor();
      expect(await alert.textContent()).toContain(
        "WebAssembly cannot run here: The server cannot be reached.",
      );
      await page.context().setOffline(false);
      await page.getByText(/seed 42, in [\d.]+ ms in this browser by WebAssembly/).waitFor();
      await expectNames(page, expected);
    });

    test("that there were too many requests, and repeats the last one in time", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      await page.route(
        (url) => url.pathname === "/generate" && !url.searchParams.has("novel"),
        (route) => route.fulfill({ status: 429, headers: { "retry-after": "1" }, body: "{}" }),
        { times: 1 },
      );
      await page.getByLabel("How many").fill("3");
      await page.getByText("It answers again in 1 second.").waitFor();
      await expectNames(page, expected.slice(0, 3));
    });

    test("that the model is broken", async () => {
      const { page } = await openPage(browser, `${server.address}/?seed=42`);
      const detail = "Model gru cannot answer: gru.onnx is missing";
      await page.route("**/score?*", (route) => route.fulfill({ status: 503, json: { detail } }));
      await page.getByLabel("Your text").fill("anna");
      const notice = page.getByText(`The server cannot answer: ${detail}.`);
      await notice.waitFor();
      expect(await notice.count()).toBe(1);
    });
  });

  test("works by the keyboard alone", async () => {
    const { page } = await openPage(browser, `${server.address}/?seed=42`);
    await expectNames(page, expected);
    const press = async (key: string, times = 1) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        const label = (element as HTMLInputElement).labels?.[0]?.innerText ?? element!.textContent;
        return { label: label!.trim(), outlined: getComputedStyle(element!).outlineStyle !== "none" };
      });
    await press("Tab");
    expect(await focused()).toEqual({ label: "Skip to the names", outlined: true });
    await press("Tab", 9); // the eight links, then the model
    expect((await focused()).label).toBe("Model");
    await press("m");
    await page.getByRole("heading", { name: "Inside mlp" }).waitFor();
    await press("Tab");
    expect((await focused()).label).toBe("At the edge");
    await press("ArrowDown");
    await page.getByText(/seed 42, in [\d.]+ ms in this browser by WebAssembly/).waitFor();
    await press("Tab");
    expect((await focused()).label).toMatch(/^Temperature/);
    await press("Tab");
    expect(await focused()).toEqual({ label: "Make new names", outlined: true });
    await press("Enter");
    await expect.poll(() => page.locator("#generate").getByLabel("Seed").inputValue()).not.toBe("42");
    await expect.poll(() => page.locator(".names.pending").count()).toBe(0);
    await press("Tab");
    const { label, outlined } = await focused();
    expect(outlined).toBe(true);
    const [name] = await shownNames(page);
    expect(label).toContain(name);
    await press("Enter");
    expect((await focused()).label).toBe("Your text");
    await page.getByText(`“${name}” is`).waitFor();
  });

  test("passes axe and fits the window, wide and narrow, light and dark", async () => {
    const { page, errors } = await openPage(browser, `${server.address}/?seed=42&name=xqzvk`);
    await page.getByLabel("How many").fill("0"); // so that axe sees a failure too
    await page.locator("#generate").getByRole("alert").waitFor();
    await page.evaluate(
      await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"),
    );
    await page.getByRole("heading", { name: "The card" }).scrollIntoViewIfNeeded();
    await page.getByRole("img", { name: /^Loss curve/ }).waitFor();
    await page.getByRole("img", { name: /^Heat map/ }).waitFor();
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations, passes } = await page.evaluate<AxeResults>("axe.run()");
        expect(passes.length).toBeGreaterThan(20);
        const found = violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
        expect(found, `${width} pixels, ${colorScheme}`).toEqual([]);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
    await page.getByLabel("Your text").fill("z".repeat(256));
    await page.getByText("What comes after “…zzz").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(errors.filter((error) => !error.includes("400"))).toEqual([]);
  });

  test("loads less than 150 kB, and from no other host", async () => {
    const { page, errors } = await openPage(browser, server.address);
    const loaded = await page.evaluate(() =>
      [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map(
        (entry) => {
          const { name, encodedBodySize } = entry as PerformanceResourceTiming;
          return { name, encodedBodySize };
        },
      )
    );
    const weight = loaded.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    expect(loaded.length).toBeGreaterThan(6);
    expect(weight).toBeGreaterThan(10_000);
    expect(weight).toBeLessThan(150_000);
    expect(loaded.filter(({ name }) => !name.startsWith(`${server.address}/`))).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("runs no inline script", async () => {
    const { page, errors } = await openPage(browser, server.address);
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'taken over'";
      document.body.append(script);
    });
    await expect.poll(() => errors.join()).toContain("Content Security Policy");
    expect(await page.title()).not.toBe("taken over");
  });
});
