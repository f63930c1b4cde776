import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startDenoServer, startWorkerdWith } from "../servers.ts";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import { type ServedApp, serveModels } from "../functions/serve_models.ts";
import { openPage, shownNames } from "../page/open_page.ts";
import { attentionFiles, gruFiles, gruLogProbs } from "../stateful_models.ts";
import { makeTemporaryDirectory } from "../temporary_directory.ts";

/** Deno and workerd with models that have a state, and the same application in this process. */
let servers: string[];
let app: ServedApp;

beforeAll(async () => {
  const { directory, remove } = await makeTemporaryDirectory();
  const gru = await gruFiles();
  // By its number of parameters, a model that takes turns of the event loop when it is opened.
  const large = JSON.stringify({ ...JSON.parse(gru.card), name: "large", parameters: 1_000_000 });
  const files = [gru, await attentionFiles(), { ...gru, name: "large", card: large }];
  for (const { name, card, onnx } of files) {
    await writeFile(join(directory, `${name}.json`), card);
    await writeFile(join(directory, `${name}.onnx`), onnx!);
  }
  app = await serveModels(files);
  const deno = await startDenoServer({ EDGEMORE_MODELS: directory });
  const { server: workerd } = await startWorkerdWith(directory);
  servers = [deno.address, workerd.address];
  return async () => void await Promise.all([deno.end(), workerd.end(), remove()]);
});

describe("Models with a state", () => {
  test.each(["gru", "attention", "large"].flatMap((model) => [
    `/score?name=andrej&model=${model}`,
    `/score?name=${"az".repeat(128)}&model=${model}`,
    `/generate?n=50&seed=42&model=${model}`,
    `/generate?n=300&seed=7&temperature=2.5&top_k=12&max_length=12&model=${model}`,
    `/generate?n=20&seed=42&compat=torch&max_length=20&model=${model}`,
    `/next?prefix=mar&model=${model}`,
    `/models/${model}`,
  ]))("answer %s with the same bytes on Deno, workerd and in process", async (path) => {
    const [deno, workerd] = await Promise.all(
      servers.map(async (address) => (await fetch(address + path)).text()),
    );
    expect(deno).not.toContain("problem");
    expect(workerd).toBe(deno);
    expect(await app.text(path)).toBe(deno);
  });

  test("score a list as they score its names", async () => {
    const names = ["andrej", "maria", "marian", "x"];
    for (const address of servers) {
      const response = await fetch(`${address}/score?model=gru`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(names),
      });
      const one = await Promise.all(
        names.map(async (name) => (await fetch(`${address}/score?model=gru&name=${name}`)).json()),
      );
      expect(await response.json()).toEqual(one);
    }
  });

  test("say what they saw before each character: all of them", async () => {
    const { body } = await app.ask<
      { characters: { context: string; character: string; probability: number }[] }
    >(
      "/score?name=mar&model=gru",
    );
    expect(body.characters.map(({ context, character }) => [context, character])).toEqual([
      [".", "m"],
      [".m", "a"],
      [".ma", "r"],
      [".mar", "."],
    ]);
    expect(body.characters[2].probability).toBeCloseTo(Math.exp(gruLogProbs([13, 1])[18]), 5);
  });
});

describeWithBrowser("The page with a model that has a state", () => {
  test("shows the same names from the edge and from the browser", async () => {
    const browser = await startBrowser("none");
    onTestFinished(() => browser.close());
    const { page, errors } = await openPage(browser, `${servers[0]}/?seed=42&model=gru`);
    const { names } = await (await fetch(`${servers[0]}/generate?n=20&seed=42&model=gru`)).json();
    const expected = names.map(({ name }: { name: string }) => name);
    expect(await shownNames(page)).toEqual(expected);
    await page.getByRole("radio", { name: "Here, WebAssembly" }).check({ force: true });
    await page.getByText(/in this browser by WebAssembly/).first().waitFor();
    expect(await shownNames(page)).toEqual(expected);
    expect(await page.locator("body").innerText()).not.toContain("null");
    expect(errors).toEqual([]);
  });
});
