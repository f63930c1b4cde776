import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { parseModelCard } from "../../shared/model_card.ts";
import { readModel } from "../../functions/inference/model_directory.ts";
import { type Ended, startProgram, startTrainer } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

function run(...args: string[]): Promise<Ended> {
  return startTrainer(args).ended;
}

/** A list of Thai and Hungarian dishes: other characters than English names have. */
const DISHES = "gulyás pörkölt lángos túrós csusza ผัดไทย ต้มยำ halászlé Főzelék 7-up rétes".split(" ");

async function dishes(directory: string): Promise<string> {
  const path = join(directory, "dishes.txt");
  await writeFile(path, Array.from({ length: 60 }, (_, i) => DISHES[i % DISHES.length]).join("\r\n"));
  return path;
}

/** The files in a directory, sorted, with HASH for the digits of a hash in a name. */
async function filesIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).map((file) => file.replace(/-[0-9a-f]{8}\./, "-HASH.")).sort();
}

describe("train", () => {
  test("without --name, does not replace a model of another list, such as one that comes with edgemore", async () => {
    const directory = await temporaryDirectory();
    const flags = ["--out", directory, "--checkpoints", directory, "--architecture", "bigram"];
    const train = async (list: string, ...more: string[]) => {
      const data = join(directory, `${list}.txt`);
      await writeFile(data, Array.from({ length: 20 }, (_, i) => `${list} ${i}`).join("\n"));
      return await run("train", "--data", data, ...flags, ...more);
    };
    expect((await train("dogs")).code).toBe(0);
    const before = await readModel(directory, "bigram");
    expect(await train("cats")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `error: Cannot write ${directory}/bigram.json: it is there, and was trained on another list, ` +
        "dogs.txt; --name gives this model a name of its own, --overwrite replaces that one\n",
    });
    expect(await readModel(directory, "bigram")).toEqual(before);
    for (
      const [list, more] of [["dogs", []], ["cats", ["--overwrite"]], ["dogs", ["--name", "bigram"]]] as const
    ) {
      expect(await train(list, ...more)).toMatchObject({ code: 0 });
      expect(parseModelCard((await readModel(directory, "bigram")).card).dataset.name).toBe(`${list}.txt`);
    }
  });

  test("trains on any list; evaluate and sample read the model back", async () => {
    const directory = await temporaryDirectory();
    const data = await dishes(directory);
    const trained = await run(
      ...["train", "--data", data, "--name", "dishes", "--out", directory, "--steps", "400"],
      ...["--context", "4", "--embedding", "5", "--hidden", "16", "--optimizer", "adam", "--lr", "0.01"],
      ...["--checkpoints", directory],
    );
    expect(trained).toMatchObject({ code: 0, stdout: expect.stringMatching(/dishes-[0-9a-f]{8}\.onnx: /) });
    expect(trained.stdout).toContain("print dishes that it makes ");
    expect(trained.stdout).toMatch(/and open +http:\/\/127\.0\.0\.1:8000\/\?model=dishes\n$/);
    expect(await filesIn(directory)).toEqual([
      "dishes-HASH.onnx",
      "dishes-HASH.txt.gz",
      "dishes.json",
      "dishes.txt",
    ]);
    const card = parseModelCard(await readFile(join(directory, "dishes.json"), "utf8"));
    expect(card).toMatchObject({
      name: "dishes",
      noun: "dishes",
      architecture: "mlp",
      hyperparameters: { context: 4, embedding: 5, hidden: 16 },
      dataset: { name: "dishes.txt", lines: 60, split_seed: 42 },
      training: {
        steps: 400,
        batch_size: 32,
        seed: 42,
        optimizer: "adam",
        backend: "fused",
        learning_rate: 0.01,
        schedule: "step",
      },
    });
    expect(card.vocabulary).toContain("ő");
    expect(card.vocabulary).toContain("ไ");
    expect(card.training.loss_history.length).toBe(200);

    const evaluated = await run("evaluate", "dishes", "--models", directory);
    expect(evaluated.code).toBe(0);
    expect(evaluated.stdout).toContain(`dev    NLL ${card.nll.dev!.toFixed(4)}`);
    expect(evaluated.stdout).toContain("(6 dishes, ");

    const sampled = await run("sample", "dishes", "--models", directory, "--seed", "1", "--n", "30");
    expect(sampled.stdout).toContain("30 dishes from dishes, seed 1");
    expect(sampled.code).toBe(0);
    const [, listed, fresh] = /in the list \((\d+)\)[^]*new \((\d+)\)/.exec(sampled.stdout)!;
    expect(Number(listed) + Number(fresh)).toBe(30);
    expect(Number(listed)).toBeGreaterThan(0);
  });

  test("the same command makes the same model", async () => {
    const directory = await temporaryDirectory();
    const models = await Promise.all(["a", "b"].map(async (out) => {
      const where = join(directory, out);
      await run(
        "train",
        "--steps",
        "200",
        "--name",
        "m",
        "--out",
        where,
        "--checkpoints",
        where,
        "--hidden",
        "30",
      );
      return (await readModel(where, "m")).onnx;
    }));
    expect(models[0]).toEqual(models[1]);
  });

  test("several workers make the same model every time, and are on its card", async () => {
    const directory = await temporaryDirectory();
    const settings = [
      "--architecture",
      "gru",
      "--hidden",
      "8",
      "--embedding",
      "8",
      "--steps",
      "50",
      "--workers",
      "2",
    ];
    const models = await Promise.all(["a", "b"].map(async (out) => {
      const where = join(directory, out);
      const { code } = await run("train", ...settings, "--name", "m", "--out", where, "--checkpoints", where);
      expect(code).toBe(0);
      return await readModel(where, "m");
    }));
    expect(models[0].onnx).toEqual(models[1].onnx);
    const card = parseModelCard(await readFile(join(directory, "a", "m.json"), "utf8"));
    expect(card.training).toMatchObject({ backend: "fused", workers: 2 });
  });

  test("interrupted, keeps what was learnt; resumed, ends where the unbroken run does", async () => {
    const directory = await temporaryDirectory();
    const settings = ["--steps", "20000", "--hidden", "20", "--optimizer", "adamw", "--lr", "0.005"]
      .concat("--warmup", "5000", "--clip", "0.5", "--beta2", "0.99", "--average", "0.9");
    const where = ["--name", "broken", "--checkpoints", directory];
    const training = startTrainer(["train", ...settings, ...where, "--out", directory]);
    await training.printed(/step 2000\/20000/);
    training.signal("SIGINT");
    training.signal("SIGINT"); // npx and the terminal may each send one
    const { code, stdout } = await training.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Stopped after \d+ of 20000 steps. To resume: .*task train --resume --name broken/,
    );
    const partial = parseModelCard(await readFile(join(directory, "broken.json"), "utf8"));
    expect(partial.training.steps).toBeGreaterThanOrEqual(2000);
    expect(partial.training.steps).toBeLessThan(20_000);
    expect(partial.training).toMatchObject({
      weight_decay: 0.01,
      warmup: 5000,
      clip: 0.5,
      beta2: 0.99,
      average: 0.9,
    });
    expect((await run("evaluate", "broken", "--models", directory)).code).toBe(0);

    const surplus = await run("train", "--resume", ...where, "--lr", "1");
    expect(surplus).toMatchObject({ code: 1, stderr: expect.stringContaining("Cannot resume with --lr") });
    expect((await run("train", "--resume", ...where)).code).toBe(0);
    const unbroken = join(directory, "unbroken");
    await run("train", ...settings, "--name", "broken", "--out", unbroken, "--checkpoints", unbroken);
    const resumed = await readModel(directory, "broken");
    expect(resumed.onnx).toEqual((await readModel(unbroken, "broken")).onnx);
    expect(await filesIn(directory)).toEqual([
      "broken-HASH.onnx",
      "broken.json",
      "unbroken",
      "us-names-2018-HASH.txt.gz",
    ]);
    const again = await run("train", "--resume", ...where);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no checkpoint") });
  });

  test("interrupted in the evaluation at its end, ends there and writes no model; resumed, writes it", async () => {
    const directory = await temporaryDirectory();
    const where = ["--name", "last", "--checkpoints", directory];
    // So large that its evaluation takes seconds.
    const settings = ["--architecture", "gru", "--hidden", "384", "--steps", "1"];
    const training = startTrainer(["train", ...settings, ...where, "--out", directory]);
    await training.printed(/step 1\/1/);
    training.signal("SIGINT");
    const { code, stdout, stderr } = await training.ended;
    expect(stderr).toMatch(/it was not written. To evaluate and write it: .*task train --resume --name last/);
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(await filesIn(directory)).toEqual(["last.checkpoint"]);
    expect((await run("train", "--resume", ...where)).code).toBe(0);
    expect(await filesIn(directory)).toEqual(["last-HASH.onnx", "last.json", "us-names-2018-HASH.txt.gz"]);
  });

  test.each([
    [["--data", "/no/such.txt"], "error: Cannot read the list /no/such.txt: there is no such file"],
    [
      ["--architecture", "hmm"],
      "Allowed choices are bigram, bigram-network, mlp, bow, wavenet, rnn, gru, lstm, transformer",
    ],
    [
      ["--architecture", "bigram", "--hidden", "3"],
      "Architecture bigram has no --hidden: its flags are --smoothing",
    ],
    [["--tie"], "Architecture mlp has no --tie: its flags are --context, "],
    [
      ["--architecture", "gru", "--hidden", "32", "--tie"],
      "Cannot tie the output layer to the embeddings: --embedding is 64 and --hidden 32; they must be the same",
    ],
    [["--hidden", "zero"], 'Cannot set --hidden to "zero": it must be a number'],
    [["--hidden", "1.5"], 'Cannot set --hidden to "1.5": it must be a whole number'],
    [["--hidden", "1e9"], 'Cannot set --hidden to "1e9": it must be at most 8192'],
    [["--context", "0"], 'Cannot set --context to "0": it must be at least 1'],
    [["--data", ""], 'Cannot read the list "": its path is empty'],
    [["--data", "ftp://example.org/x.txt"], "lists are fetched by http and https, not ftp"],
    [["--batch", "al"], "It must be a whole number from 1 to 1000000, or all."],
    [["--out", "README.md"], 'Cannot write to "README.md": '],
    [["--steps", "-1"], "It must be a whole number from 0 to 1000000000."],
    [["--lr", "fast"], "It must be a number from"],
    [["--schedule", "linear"], "Allowed choices are constant, step, cosine"],
    [["--name", "../x"], 'Cannot call a model "../x": a model\'s name has 1 to 64 of'],
    [
      ["--architecture", "bigram-network", "--dropout", "0.1"],
      "Cannot train with dropout 0.1: this architecture has no dropout",
    ],
    [
      ["--workers", "2"],
      "Cannot train with 2 workers: only mini-batches of whole words are split among workers",
    ],
    [["--workers", "65"], "It must be a whole number from 1 to 64."],
    [["--noun", "<b>"], 'Cannot set --noun to "<b>": it must be 1 to 40 letters'],
    [["--clip", "0"], "It must be a number from 1e-9 to 1000000000."],
    [["--stpes", "1"], "Did you mean --steps?"],
  ])("refuses %j and says what is allowed", async (args, message) => {
    const directory = await temporaryDirectory();
    const { code, stderr } = await run("train", "--out", directory, "--checkpoints", directory, ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at "); // no stack
    expect(await readdir(directory)).toEqual([]);
  });
});

test.each([
  ["train", "--noun <plural>"],
  ["evaluate", "--data <list>"],
  ["sample", "--data <list>"],
  ["score", "--model <name>"],
  ["find-lr", "--from <exponent>"],
  ["replay", "--full"],
  ["report", "--out <directory>"],
])("%s --help shows its flags, with examples", async (command, flag) => {
  const { code, stdout } = await run(command, "--help");
  expect(code).toBe(0);
  expect(stdout).toContain("Examples:\n");
  expect(stdout).toContain(flag);
});

test("help whose reader has gone is no error", async () => {
  const command = `"${process.execPath}" run --quiet -P=trainer trainer/main.ts train --help | true`;
  expect(await startProgram("sh", ["-c", command]).ended).toMatchObject({ code: 0, stderr: "" });
});
