import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { readArchive } from "../../trainer/model_archive.ts";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import type { Server } from "../processes.ts";
import { startPageServer } from "../servers.ts";
import { shownNames } from "./open_page.ts";
import { download, openTrainer, paste, readTowns, ready, setOptions, soon, train } from "./trainer_page.ts";

let towns: string;
let server: Server;
let browser: Browser;

describeWithBrowser("the page that trains", () => {
  beforeAll(async () => {
    towns = await readTowns();
    server = await startPageServer();
    browser = await startBrowser("none");
    return async () => {
      await browser.close();
      await server.end();
    };
  });

  test("shows at the end what the finished model makes, however short the run was", async () => {
    const { page } = await openTrainer(browser, server.address, "?seed=1&n=10&max_length=40");
    await paste(page, towns);
    await setOptions(page, { Steps: "600" }); // few enough that the last step is the best
    await train(page);
    await page.getByText(/^10 [a-z]+ by my-list, seed 1/).waitFor();
    const made = page.getByRole("list", { name: "Made in training" }).locator("li");
    expect(await made.allTextContents()).toEqual(await shownNames(page));
  });

  test("shows how it learns, and keeps the best so far when it is stopped", async () => {
    const { page, errors } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await setOptions(page, { Steps: "1000000" });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByText(/^Step [\d,]+ of 1,000,000, [\d,]+ a second, \d+ .*left\.$/).waitFor();
    await soon(() => page.getByRole("list", { name: "Made in training" }).locator("li").count()).toBe(
      10,
    );
    const first = await page.getByRole("list", { name: "Made in training" }).innerText();
    await soon(() => page.getByRole("list", { name: "Made in training" }).innerText())
      .not.toBe(first);
    const dialog = page.waitForEvent("dialog");
    await page.evaluate(() => void setTimeout(() => location.assign("/docs")));
    expect((await dialog).type()).toBe("beforeunload");
    await (await dialog).dismiss();
    await page.getByRole("button", { name: "Stop" }).click();
    await ready(page);
    await page.getByText(/^Stopped after [\d,]+ steps; the best so far is kept/).waitFor();
    expect(await page.getByText("Training has failed").count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("leads the keyboard to Stop and then to what came of it, and says only how far it is", async () => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await page.getByText("500 lines of").waitFor();
    await setOptions(page, { Steps: "1000000" });
    // What a screen reader would say: each change of a live region.
    await page.evaluate(() => {
      const said: string[] = [];
      const live = "[role=status], [role=alert], [role=log], [aria-live], output";
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const region = (target instanceof Element ? target : target.parentElement)?.closest(live);
          if (region?.textContent && said.at(-1) !== region.textContent) said.push(region.textContent);
        }
      }).observe(document.querySelector("#train")!, { subtree: true, childList: true, characterData: true });
      Object.assign(globalThis, { said });
    });
    const focused = () => page.evaluate(() => document.activeElement!.textContent);
    await page.getByRole("button", { name: "Train", exact: true }).press("Enter");
    await soon(focused).toBe("Stop");
    const things = page.getByRole("list", { name: "Made in training" });
    await soon(() => things.locator("li").count()).toBe(10);
    const first = await things.innerText();
    await soon(() => things.innerText()).not.toBe(first);
    await page.locator("#train").getByRole("img", { name: /^Loss curve/ }).waitFor();
    const said = () => page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    expect((await said())[0]).toBe("Training, 0% done");
    expect((await said()).filter((text) => !/^Training, \d+% done$/.test(text))).toEqual([]);
    await page.keyboard.press("Enter");
    await ready(page);
    await soon(focused).toMatch(/^Stopped after .*my-list is ready/);
    expect((await said()).at(-1)).toBe("Training has ended: my-list can be used.");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Make things with it");
    const use = page.getByRole("button", { name: "Use it" });
    expect(await use.getAttribute("aria-pressed")).toBe("true");
    const described = await use.getAttribute("aria-describedby");
    expect(await page.locator(`#${described}`).textContent()).toBe("my-list");
  });

  test.each([
    ["ada", "it has 1 line, and 10 is the fewest that can be split into train, dev and test"],
    ["ada\nbob", "it has 2 lines, and 10 is the fewest that can be split into train, dev and test"],
    [`${"ada\n".repeat(12)}${"x".repeat(300)}`, "line 13 has 300 characters, the most is 256"],
    ["\n \n\n", "it has only blank lines"],
    [
      Array.from({ length: 1100 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("\n"),
      "it has 1100 different characters, the most is 1000",
    ],
  ])("refuses a list as the command line does (%#)", async (text, reason) => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, text);
    await soon(() => page.locator("#train").getByRole("alert").textContent())
      .toBe(`Cannot read the list pasted.txt: ${reason}`);
    expect(await page.getByRole("button", { name: "Train", exact: true }).isDisabled()).toBe(true);
  });

  test("takes 100,000 lines, pasted or as a file", async () => {
    const { page, errors } = await openTrainer(browser, server.address);
    const lines = Array.from({ length: 100_000 }, (_, i) => `town ${i.toString(36)}`).join("\n");
    await paste(page, lines);
    await page.getByText("100,000 lines of").waitFor();
    await page.getByText("The pasted text").waitFor();
    await setOptions(page, { Steps: "200" });
    await train(page);
    expect(errors).toEqual([]);
  });

  test("gives the model for this visit where the browser does not keep it, and says so", async () => {
    const { page } = await openTrainer(browser, server.address);
    await page.evaluate(() => Object.assign(IDBDatabase.prototype, { transaction: () => null }));
    await paste(page, towns);
    await setOptions(page, { Steps: "100" });
    await train(page);
    await page.getByText("This browser does not allow keeping it").waitFor();
    await page.getByText(/^20 [a-z]+ by my-list/).waitFor();
    const archive = await download(page);
    expect((await readArchive(new Uint8Array(await readFile(archive)), archive)).card.name).toBe("my-list");
    page.once("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText(/^20 [a-z]+ by gru/).waitFor();
  });

  test("trains on the same list again, with other options", async () => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await setOptions(page, { Steps: "60" });
    await train(page);
    expect(await page.getByLabel("Your list, one thing a line").inputValue()).toBe(towns);
    await page.getByText("All options").click(); // which opens a worker, without a list
    await setOptions(page, { Steps: "70" });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByText("my-list-2 is ready").waitFor();
    await page.getByText(/^20 [a-z]+ by my-list-2/).waitFor();
  });

  test("takes numbers as they are typed", async () => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await setOptions(page, {});
    const rate = page.getByLabel("Learning rate", { exact: true });
    for (const typed of ["0.0050", "2e-3"]) {
      await rate.fill("");
      await rate.pressSequentially(typed);
      expect(await rate.inputValue()).toBe(typed);
      expect(await page.getByLabel("training command").textContent()).toContain(`--lr ${Number(typed)} `);
    }
  });

  test("gives no name twice", async () => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await setOptions(page, { Steps: "50" });
    await train(page);
    expect(await page.getByLabel("Call it").inputValue()).toBe("my-list-2");
    await page.getByLabel("Call it").fill("my-list");
    await page.getByText("There is a model my-list in this browser: delete it first").waitFor();
    expect(await page.getByRole("button", { name: "Train", exact: true }).isDisabled()).toBe(true);
  });

  test("passes axe and fits the window in every state, wide and light, narrow and dark", async () => {
    const { page } = await openTrainer(browser, server.address);
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await page.evaluate(axe);
    const check = async (state: string) => {
      for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]] as const) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme });
        const { violations, passes } = await page.evaluate<AxeResults>("axe.run('#train')");
        expect(passes.length).toBeGreaterThan(5);
        const found = violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
        expect(found, `${state}, ${width} pixels, ${colorScheme}`).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), state).toBe(width);
      }
    };
    await paste(page, "ada\nbob");
    await page.locator("#train").getByRole("alert").waitFor();
    await check("a refused list");
    await page.getByLabel("Your list, one thing a line").fill(towns);
    await page.getByText("500 lines of").waitFor();
    await setOptions(page, { Steps: "1000000" });
    await check("a list and its options");
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.locator("#train").getByRole("img", { name: /^Loss curve/ }).waitFor();
    await check("training");
    await page.getByRole("button", { name: "Stop" }).click();
    await ready(page);
    await download(page);
    await check("trained and downloaded");
  });

  test("is reached by Tab from end to end, each thing named, outlined and in view", async () => {
    const { page } = await openTrainer(browser, server.address, "?seed=42&n=3");
    for (const section of ["watch", "compare", "inside"]) {
      await page.locator(`#${section}`).scrollIntoViewIfNeeded();
      await page.locator(`#${section} .lead`).waitFor();
    }
    await paste(page, towns);
    await page.getByText("500 lines of").waitFor();
    await page.getByText("All options").click();
    await page.getByLabel("training command").waitFor();
    await page.evaluate(() => scrollTo(0, 0));
    await page.mouse.click(2, 2); // the next Tab begins at the top
    const reached: string[] = [];
    while (true) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const element = document.activeElement as HTMLInputElement;
        if (element === document.body) return null;
        // What is invisible itself outlines its label.
        const shown = element.closest(".segments")
          ? element.nextElementSibling!
          : element.closest(".button") ?? element;
        const { outlineStyle, borderBottomWidth } = getComputedStyle(shown);
        const { top, bottom } = shown.getBoundingClientRect();
        const name = element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent;
        const label = element.id && document.querySelector(`label[for="${element.id}"]`);
        return {
          name: name.trim(),
          // The name is this element's own: no other one has its id.
          own: !label || (label as HTMLLabelElement).control === element,
          outlined: outlineStyle !== "none" || borderBottomWidth === "4px",
          inView: bottom > 0 && top < innerHeight,
        };
      });
      if (focused === null) break;
      expect(focused).toEqual({ name: expect.stringMatching(/\w/), own: true, outlined: true, inView: true });
      reached.push(focused.name);
    }
    for (const name of ["Model", "Make new names", "Your text", "Play", "After", "Learning rate", "Train"]) {
      expect(reached.filter((other) => other.startsWith(name)), name).not.toEqual([]);
    }
    expect(reached.filter((name) => name === "Seed")).toHaveLength(2); // of what is generated and of training
    expect(reached.at(-1)).toBe("the README");
  });

  test("takes files, and says what is wrong with one", async () => {
    const { page } = await openTrainer(browser, server.address);
    const give = (name: string, content: Uint8Array | string) =>
      page.getByLabel("Choose a file").setInputFiles({
        name,
        mimeType: "text/plain",
        buffer: Buffer.from(content as string),
      });
    await give("photo.txt", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0));
    await soon(() => page.locator("#train").getByRole("alert").textContent())
      .toBe("Cannot read the list photo.txt: it is not UTF-8 text (line 1)");
    await page.getByRole("button", { name: "Take another" }).click();
    await give("Villes d'été.txt", towns);
    await page.getByText("500 lines of").waitFor();
    expect(await page.getByLabel("Call it").inputValue()).toBe("villes-d-ete");
  });

  test("says that a browser without SIMD cannot train", async () => {
    const { page } = await openTrainer(browser, server.address);
    await page.route(/\/assets\/worker-.*\.js$/, async (route) => {
      const response = await route.fetch();
      const body = `WebAssembly.validate = () => false;\n${await response.text()}`;
      await route.fulfill({ response, body });
    });
    await paste(page, towns);
    await page.getByText("500 lines of").waitFor();
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await soon(() => page.locator("#train").getByRole("alert").locator("p").textContent())
      .toBe("Cannot train: this browser's WebAssembly has no SIMD");
  });

  test("says that the trainer cannot be loaded, and loads it once it can", async () => {
    const { page } = await openTrainer(browser, server.address);
    await page.route(/\/assets\/worker-/, (route) => route.abort());
    await paste(page, towns);
    await soon(() => page.locator("#train").getByRole("alert").textContent())
      .toContain("The trainer could not be loaded");
    await page.unroute(/\/assets\/worker-/);
    await page.getByLabel("Your list, one thing a line").press("End");
    await page.keyboard.type("\n");
    await page.getByText("500 lines of").waitFor();
  });

  test("learns a short list in fewer steps, and a long one in as many as the size has", async () => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await page.getByText("500 lines of").waitFor();
    await page.getByText("All options").click();
    const steps = async (size: string) => {
      await page.getByRole("radio", { name: size }).check({ force: true });
      return Number(await page.getByLabel("Steps", { exact: true }).inputValue());
    };
    const characters = towns.split("\n").join("").length / 500 + 1; // of a line, with its end
    expect(await steps("Quick")).toBeGreaterThan(0.9 * 12 * 400 * characters / 64);
    expect(await steps("Quick")).toBeLessThan(1.1 * 12 * 400 * characters / 64);
    expect(await steps("Better")).toBe(Math.ceil(50 * 400 / 64));
    await page.getByRole("button", { name: "French towns" }).click();
    await page.getByText("32,731 lines of").waitFor();
    expect(await steps("Quick")).toBe(3000);
    expect(await steps("Better")).toBe(2500);
  });

  test.each([
    ["30", /^Training has failed: the model is worse than a uniform guess over all characters \(3\.584\)/],
    [
      "1000",
      /^Cannot go on training: the loss of step \d+ is NaN; a smaller learning rate than 1000 may help/,
    ],
  ])("says why training has failed with a learning rate of %s", async (rate, message) => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await setOptions(page, { Steps: "300", "Learning rate": rate });
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await soon(() => page.locator("#train").getByRole("alert").allTextContents())
      .toEqual([expect.stringMatching(message)]);
    // It is not used, nothing says that it is ready, and no empty chart is shown.
    await page.getByText(/^20 names by gru/).waitFor();
    expect(await page.locator("#train").getByText(/is ready|uses it now/).count()).toBe(0);
    const headings = page.locator("#train").getByRole("heading", { name: "How it learnt" });
    const curves = page.locator("#train").getByRole("img", { name: /^Loss curve/ });
    if (rate === "30") await curves.waitFor();
    await soon(() => curves.count()).toBe(await headings.count()); // none, or as far as it got before the loss was NaN
  });
});
