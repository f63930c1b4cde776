import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { readArchive } from "../../trainer/model_archive.ts";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import { type Server, startTrainer } from "../processes.ts";
import { startDenoProgram, startPageServer, startWorkerd, startWorkerdWith } from "../servers.ts";
import { temporaryDirectory } from "../temporary_directory.ts";
import { openPage, shownNames } from "./open_page.ts";
import { download, openTrainer, paste, readTowns, setOptions, soon, train } from "./trainer_page.ts";

let towns: string;
let server: Server;
let browser: Browser;

/** Runs a command that the page shows, `deno task train …`, and returns the directory of models that it has written. */
async function runCommand(command: string, files: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory();
  const words = command.trim().split(/\s+/).slice(2);
  const paths = await Promise.all(words.map(async (word) => {
    if (!(word in files)) return word;
    const path = join(directory, word);
    await writeFile(path, files[word]);
    return path;
  }));
  const out = join(directory, "models");
  const checkpoints = paths.includes("--from") ? [] : ["--checkpoints", directory];
  const { code, stderr } = await startTrainer([...paths, "--out", out, ...checkpoints]).ended;
  expect(code, stderr).toBe(0);
  return out;
}

/** Whether the server learns nothing of a list from a request: for code, or for what it knows of its own models. */
function saysNothing(address: string): boolean {
  if (address.startsWith("blob:")) return true;
  const { origin, pathname, searchParams } = new URL(address);
  if (origin !== server.address) return false;
  if (pathname.startsWith("/assets/")) return true;
  if (["/models", "/health"].includes(pathname)) return searchParams.size === 0;
  return pathname === "/next" && searchParams.get("prefix") === "" &&
    /^gru(@|$)/.test(searchParams.get("model")!);
}

describeWithBrowser("training in the page", () => {
  beforeAll(async () => {
    towns = await readTowns();
    server = await startPageServer();
    browser = await startBrowser("none");
    return async () => {
      await browser.close();
      await server.end();
    };
  });

  describe("makes the bytes that the command line makes", () => {
    test.each([
      ["Quick", { Steps: "700" }],
      ["Better", { Steps: "120" }],
      ["Best", { Steps: "30", Hidden: "48", Average: "0.99" }],
    ])("%s, with other options: %j", async (size, options) => {
      const { page, errors, requests } = await openTrainer(browser, server.address);
      await paste(page, towns);
      await page.getByText("500 lines of").waitFor();
      await page.getByRole("radio", { name: size }).check();
      await setOptions(page, options);
      await page.getByLabel("Call it").fill("towns");
      const command = await page.getByLabel("training command").textContent();
      const before = requests.length;
      const sent: string[] = [];
      page.on("request", (request) => request.method() !== "GET" && sent.push(request.url()));
      await train(page);
      const archive = await download(page);
      const { card, onnx, list } = await readArchive(
        new Uint8Array(await readFile(archive)),
        archive,
      );
      expect(new TextDecoder().decode(list)).toBe(towns);

      const out = await runCommand(command!, { "pasted.txt": towns });
      const theirs = await readModel(out, "towns");
      expect(onnx).toEqual(theirs.onnx);
      const { training: { seconds: _ours, ...training }, ...rest } = card;
      const { training: { seconds: _theirs, ...theirTraining }, ...theirRest } = parseModelCard(theirs.card);
      expect(training).toEqual(theirTraining);
      expect(rest).toEqual(theirRest);
      expect(training).toMatchObject({ backend: "fused", kernel: "relaxed-simd" });
      // Code comes from the server, and what it says of its own models; nothing of the list goes to it.
      expect(sent).toEqual([]);
      expect(requests.slice(before).filter((address) => !saysNothing(address))).toEqual([]);
      expect(errors).toEqual([]);
    });
  });

  test("counts too", async () => {
    const { page } = await openTrainer(browser, server.address);
    await paste(page, towns);
    await page.getByText("500 lines of").waitFor();
    await setOptions(page, {});
    await page.getByLabel("Architecture").selectOption("bigram");
    const command = await page.getByLabel("training command").textContent();
    await train(page);
    const archive = await download(page);
    const { card: { name }, onnx } = await readArchive(new Uint8Array(await readFile(archive)), archive);
    const out = await runCommand(command!, { "pasted.txt": towns });
    expect(onnx).toEqual((await readModel(out, name)).onnx);
  });

  test("gives a model that survives a reload, is served as it is downloaded, and can be deleted", async () => {
    const { page, errors } = await openTrainer(browser, server.address, "?seed=42");
    await paste(page, towns);
    await setOptions(page, { Steps: "400" });
    await page.getByLabel("Call it").fill("towns");
    await train(page);
    const made = async () => {
      await page.getByText(/^20 [a-z]+ by towns, seed 42, in [\d.]+ ms in this browser by WebAssembly/)
        .waitFor();
      return await shownNames(page);
    };
    const names = await made();
    expect(names).toHaveLength(20);
    await page.getByRole("heading", { name: "Inside towns" }).waitFor();

    await soon(() => page.url()).toContain("model=towns%40browser");
    await page.reload();
    expect(await made()).toEqual(names);
    await page.getByLabel("Your text").fill("villers");
    await page.locator(".verdict", { hasText: /“villers” is, .* than/ }).waitFor();

    const archive = await download(page);
    const [take] = (await page.getByLabel("commands").textContent())!.split("\n");
    expect(take).toBe("deno task train --from towns.edgemore.zip");
    const out = join(await temporaryDirectory(), "models");
    const { code, stdout, stderr } = await startTrainer(["train", "--from", archive, "--out", out]).ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(` task sample towns --models ${out}\n`);
    const deno = await startDenoProgram({ EDGEMORE_MODELS: out });
    const { server: workerd } = await startWorkerdWith(out);
    onTestFinished(() => workerd.end());
    for (const { address } of [deno, workerd]) {
      const response = await fetch(`${address}/generate?n=20&seed=42&model=towns`);
      const answer: { names: { name: string }[] } = await response.json();
      expect(answer.names.map(({ name }) => name)).toEqual(names);
    }

    page.once("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText(/20 [a-z]+ by gru, seed 42/).waitFor();
    await soon(() => page.url()).not.toContain("towns");
    await page.reload();
    await page.getByText(/20 [a-z]+ by gru, seed 42/).waitFor();
    expect(await page.getByRole("heading", { name: "In this browser" }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("needs no connection once a list has been given", async () => {
    const { page } = await openTrainer(browser, server.address, "?seed=42");
    await paste(page, towns);
    await soon(() =>
      page.evaluate(() =>
        performance.getEntriesByType("resource").some(({ name }) => name.includes("ort-wasm"))
      )
    ).toBe(true);
    await page.waitForLoadState("networkidle");
    await page.context().setOffline(true);
    await setOptions(page, { Steps: "300" });
    await train(page);
    await page.getByText(/^20 [a-z]+ by my-list, seed 42/).waitFor();
    await download(page);
  });

  test("works on the page that workerd serves, too", async () => {
    const workerd = await startWorkerd();
    onTestFinished(() => workerd.end());
    const { page, errors } = await openPage(browser, workerd.address);
    await page.getByRole("button", { name: "US first names" }).click();
    await page.getByText("32,257 lines of 26 different characters").waitFor();
    await setOptions(page, { Steps: "100" });
    await train(page);
    expect(errors).toEqual([]);
  });
});
