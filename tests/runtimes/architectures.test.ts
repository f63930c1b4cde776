import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { architectures } from "../../trainer/architectures/all.ts";
import { startDeno } from "../processes.ts";
import { startDenoServer, startWorkerdWith } from "../servers.ts";
import { makeTemporaryDirectory } from "../temporary_directory.ts";

/** Small models of every architecture, by name, with their options for `deno task train`. */
const MODELS: Record<string, string> = {
  "bigram": "--architecture bigram",
  "bigram-network": "--architecture bigram-network --lr 1 --steps 100",
  "mlp": "--architecture mlp --context 5 --hidden 30 --norm calibrated --direct",
  "wavenet": "--architecture wavenet --embedding 8 --hidden 16",
  "tree": "--architecture wavenet --tree --embedding 8 --hidden 16",
  "bow": "--architecture bow --embedding 16 --hidden 16 --positions 6",
  "rnn": "--architecture rnn --embedding 16 --hidden 16",
  "gru": "--architecture gru --hidden 128",
  "lstm": "--architecture lstm --embedding 16 --hidden 16",
  "transformer": "--architecture transformer --layers 1 --heads 2 --embedding 16 --positions 6",
};
const STEPS = "--steps 40 --batch 32 --optimizer adamw --lr 0.01 --clip 1 --warmup 5 --schedule cosine";
/** Towns, since names are in the other tests: their vocabulary has accents, a hyphen and a space. */
const LIST = "trainer/data/french-communes-2026.txt";
const LINES = 500;

/** Deno and workerd, each with all these models. */
let servers: string[];

beforeAll(async () => {
  const { directory, remove } = await makeTemporaryDirectory();
  const list = join(directory, "towns.txt");
  const lines = (await readFile(LIST, "utf8")).split("\n").slice(0, LINES);
  await writeFile(list, lines.join("\n") + "\n");
  const models = join(directory, "models");
  for (const [name, options] of Object.entries(MODELS)) {
    const args = `train --name ${name} --data ${list} --out ${models} ${STEPS} ${options}`.split(" ");
    const command = ["run", "--quiet", "-P=trainer", "--allow-write", "trainer/main.ts", ...args];
    const { code, stderr } = await startDeno(command).ended;
    expect(code, `${name}: ${stderr}`).toBe(0);
  }
  const deno = await startDenoServer({ EDGEMORE_MODELS: models });
  const { printed, server: workerd } = await startWorkerdWith(models);
  expect(printed).toBe(""); // no model is left out
  servers = [deno.address, workerd.address];
  return async () => void await Promise.all([deno.end(), workerd.end(), remove()]);
});

test("these are all architectures", () => {
  const trained = Object.values(MODELS).map((options) => options.split(" ")[1]);
  expect(new Set(trained)).toEqual(new Set(architectures.map(({ name }) => name)));
});

describe.each(Object.keys(MODELS))("%s, trained on the command line", (model) => {
  test.each([
    "/generate?n=30&seed=42",
    "/generate?n=20&seed=7&temperature=1.5&novel=true&unique=true&max_length=20",
    "/generate?n=5&seed=42&compat=torch&max_length=20",
    "/score?name=Saint-Étienne",
    `/score?name=${"la roche-".repeat(5)}`,
    "/next?prefix=la ",
  ])("answers %s with the same bytes on Deno and workerd", async (path) => {
    const [deno, workerd] = await Promise.all(servers.map(async (address) => {
      const response = await fetch(`${address}${path}&model=${model}`);
      expect(response.status).toBe(200);
      return await response.text();
    }));
    expect(workerd).toBe(deno);
    expect(JSON.parse(deno).model).toBe(model);
  });
});
