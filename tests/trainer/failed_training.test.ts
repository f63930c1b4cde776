import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { type Ended, type Program, startTrainer } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

const GOOD = ["--steps", "300", "--lr", "0.5"];
/** The weights fly apart, but stay numbers. */
const FAILING = ["--steps", "300", "--lr", "100"];

let directory: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  await writeFile(join(directory, "numbers.txt"), Array.from({ length: 200 }, (_, i) => 1000 + i).join("\n"));
});

function start(...flags: string[]): Program {
  return startTrainer(["train", "--name", "numbers", "--checkpoints", directory, ...flags]);
}

function train(...flags: string[]): Promise<Ended> {
  return start(...files(), "--hidden", "8", ...flags).ended;
}

/** The flags that say where the list is and where the model goes. */
function files(): string[] {
  return ["--data", join(directory, "numbers.txt"), "--out", join(directory, "models")];
}

async function devNll(): Promise<number | null> {
  return parseModelCard((await readModel(join(directory, "models"), "numbers")).card).nll.dev;
}

/** ln of ten digits and the boundary. */
const UNIFORM = Math.log(11);

describe("training that ends worse than a uniform guess", () => {
  test("fails, says what to try, and leaves a better model as it was", async () => {
    expect((await train(...GOOD)).code).toBe(0);
    const before = await readModel(join(directory, "models"), "numbers");
    expect(await devNll()).toBeLessThan(UNIFORM);

    const { code, stdout, stderr } = await train(...FAILING);
    expect(code).toBe(2);
    expect(stdout).toContain("not written: ");
    expect(stderr).toMatch(
      /warning: training has failed: dev NLL \d+\.\d{4} is worse than a uniform guess over all characters, 2\.3979\. Try a lower --lr \(it was 100; deno task find-lr suggests one\) or more --steps\./,
    );
    expect(stderr).toContain("numbers.json was not replaced: the existing model has a lower dev NLL: ");
    expect(await readModel(join(directory, "models"), "numbers")).toEqual(before);

    const overwritten = await start("--resume", "--overwrite").ended;
    expect(overwritten).toMatchObject({ code: 2, stderr: expect.stringContaining("training has failed") });
    expect(await devNll()).toBeGreaterThan(UNIFORM);
    expect(await readdir(directory)).not.toContain("numbers.checkpoint");
  });

  test("is written where there is no better model", async () => {
    expect((await train("--steps", "300", "--lr", "300")).code).toBe(2);
    const worse = (await devNll())!;
    expect((await train(...FAILING)).code).toBe(2);
    expect(await devNll()).toBeLessThan(worse);
    expect(await devNll()).toBeGreaterThan(UNIFORM);
    expect(await train(...GOOD)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
    expect(await devNll()).toBeLessThan(UNIFORM);
  });

  test("is said of a model that was counted, too", async () => {
    const counted = [...files(), "--architecture", "bigram", "--smoothing"];
    const rare = Array.from({ length: 60 }, (_, i) => String.fromCodePoint(0x4e00 + i)); // each once
    const lines = Array.from({ length: 30 }, () => ["1000", "1001", "1010", "1100", ...rare.splice(0, 2)]);
    await writeFile(join(directory, "numbers.txt"), lines.flat().join("\n"));
    const { code, stderr } = await start(...counted, "0").ended;
    expect(code).toBe(2);
    expect(stderr).toContain(
      `dev NLL infinite is worse than a uniform guess over all characters, ${Math.log(63).toFixed(4)}. `,
    );
    expect(stderr).toContain("try --smoothing 1.");
    expect(await devNll()).toBeNull();
    expect((await start(...counted, "1").ended).code).toBe(0);
    const before = await devNll();
    expect(before).not.toBeNull();
    expect((await start(...counted, "0").ended).stderr).toContain("--overwrite replaces it");
    expect(await devNll()).toBe(before);
    expect((await start(...counted, "0", "--overwrite").ended).code).toBe(2);
    expect(await devNll()).toBeNull();
  });
});

test("a model that is good enough replaces a better one, as it always did", async () => {
  expect((await train(...GOOD)).code).toBe(0);
  const before = (await devNll())!;
  expect((await train("--steps", "60", "--lr", "0.1")).code).toBe(0);
  expect(await devNll()).toBeGreaterThan(before);
  expect(await devNll()).toBeLessThan(UNIFORM);
});

test("an untrained model is written where there is none, and replaces no better one", async () => {
  const untrained = await train("--steps", "0", "--init", "plain");
  expect(untrained).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
  const nll = await devNll();
  expect(nll).toBeGreaterThan(UNIFORM);
  expect((await train(...GOOD)).code).toBe(0);
  const again = await train("--steps", "0", "--init", "plain");
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("--overwrite replaces it") });
  expect(await devNll()).toBeLessThan(UNIFORM);
  expect((await train("--steps", "0", "--init", "plain", "--overwrite")).code).toBe(0);
  expect(await devNll()).toBe(nll);
});

test("a run that is stopped replaces no better model, and can go on", async () => {
  expect((await train(...GOOD)).code).toBe(0);
  const before = await readModel(join(directory, "models"), "numbers");
  const program = start(...files(), "--steps", "500000", "--lr", "0.000001");
  await program.printed(/step \d+\//);
  program.signal("SIGINT");
  const { code, stdout, stderr } = await program.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/To resume: .*task train --resume --name numbers/);
  expect(stderr).toContain("numbers.json was not replaced");
  expect(await readModel(join(directory, "models"), "numbers")).toEqual(before);
  expect(await readdir(directory)).toContain("numbers.checkpoint");
});
