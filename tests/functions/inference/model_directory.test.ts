import { spawnSync } from "node:child_process";
import { cp, mkdir, open, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { listModels, readModel } from "../../../functions/inference/model_directory.ts";
import { MAX_CONTEXT_LENGTH } from "../../../shared/model_card.ts";
import { MAX_CARD_BYTES, MAX_ONNX_BYTES } from "../../../shared/model_files.ts";
import { MAX_LIST_BYTES } from "../../../shared/training_names.ts";
import { DEFAULT_LIST } from "../../../trainer/list_file.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

/** The list of the committed models. */
const LIST = "us-names-2018-bd02dfd3.txt.gz";

/** A copy of the committed models, inside a directory that has other files too. */
async function models(): Promise<string> {
  const directory = join(await temporaryDirectory(), "models");
  await cp("models", directory, { recursive: true });
  return directory;
}

async function resize(path: string, bytes: number): Promise<void> {
  const file = await open(path, "a");
  await file.truncate(bytes);
  await file.close();
}

describe("listModels", () => {
  test("finds cards, sorted; hidden files and others are none", async () => {
    const directory = await models();
    await writeFile(join(directory, ".hidden.json"), "");
    await writeFile(join(directory, "notes.txt"), "");
    await mkdir(join(directory, "a.json"));
    await writeFile(join(directory, "two\nlines.json"), "");
    expect(await listModels(directory)).toEqual([
      "a",
      "bigram",
      "gru",
      "mlp",
      "towns",
      "transformer",
      "two\nlines",
    ]);
  });

  test("says what it cannot list", async () => {
    await expect(listModels("/no/such/directory")).rejects.toThrow(
      "Cannot list the models in /no/such/directory: there is no such directory; EDGEMORE_MODELS says where",
    );
    await expect(listModels("README.md")).rejects.toThrow(
      "README.md: it is not a directory; EDGEMORE_MODELS",
    );
  });
});

describe("readModel", () => {
  test("reads the card and the files that it points to", async () => {
    const { name, card, onnx, list } = await readModel("models", "mlp");
    expect(name).toBe("mlp");
    expect(card).toBe(await readFile("models/mlp.json", "utf8"));
    expect(onnx).toEqual(new Uint8Array(await readFile("models/mlp-c9b7bbf3.onnx")));
    expect(list).toEqual(new Uint8Array(await readFile(DEFAULT_LIST)));
  });

  test("takes plain names where there is no versioned file", async () => {
    const directory = await models();
    await rename(join(directory, "mlp-c9b7bbf3.onnx"), join(directory, "mlp.onnx"));
    await rm(join(directory, LIST));
    await cp(DEFAULT_LIST, join(directory, "us-names-2018.txt"));
    expect(await readModel(directory, "mlp")).toEqual(await readModel("models", "mlp"));
  });

  test("gives no list where there is none", async () => {
    const directory = await models();
    await rm(join(directory, LIST));
    for (const model of ["mlp", "gru"]) expect((await readModel(directory, model)).list).toBeNull();
  });

  test("follows links that stay inside the directory, as a mounted volume has them", async () => {
    const directory = await models();
    await mkdir(join(directory, "..data"));
    for (const file of ["mlp.json", "mlp-c9b7bbf3.onnx", LIST]) {
      await rename(join(directory, file), join(directory, "..data", file));
      await symlink(join("..data", file), join(directory, file));
    }
    expect(await readModel(directory, "mlp")).toEqual(await readModel("models", "mlp"));
  });

  test.each<[what: string, reason: string, prepare: (directory: string) => Promise<unknown>]>([
    ["a missing card", "mlp.json is missing", (at) => rm(join(at, "mlp.json"))],
    ["a missing ONNX file", "mlp-c9b7bbf3.onnx is missing", (at) => rm(join(at, "mlp-c9b7bbf3.onnx"))],
    ["a card that is a directory", "mlp.json is not a regular file", async (at) => {
      await rm(join(at, "mlp.json"));
      await mkdir(join(at, "mlp.json"));
    }],
    ["a card that is a pipe", "mlp.json is not a regular file", async (at) => {
      await rm(join(at, "mlp.json"));
      spawnSync("mkfifo", [join(at, "mlp.json")]);
    }],
    ["an ONNX file that is a pipe", "mlp-c9b7bbf3.onnx is not a regular file", async (at) => {
      await rm(join(at, "mlp-c9b7bbf3.onnx"));
      spawnSync("mkfifo", [join(at, "mlp-c9b7bbf3.onnx")]);
    }],
    ["a card that links nowhere", "mlp.json is a link that leads nowhere", async (at) => {
      await rm(join(at, "mlp.json"));
      await symlink("nowhere", join(at, "mlp.json"));
    }],
    ["a card that links to itself", "mlp.json is a link that leads nowhere", async (at) => {
      await rm(join(at, "mlp.json"));
      await symlink("mlp.json", join(at, "mlp.json"));
    }],
    ["a card outside", "mlp.json is a link out of the directory of models", async (at) => {
      await rename(join(at, "mlp.json"), join(at, "..", "secret"));
      await symlink("../secret", join(at, "mlp.json"));
    }],
    [
      "a card in a directory whose name begins alike",
      "mlp.json is a link out of the directory",
      async (at) => {
        await mkdir(`${at}-of-others`);
        await rename(join(at, "mlp.json"), join(`${at}-of-others`, "mlp.json"));
        await symlink(join(`${at}-of-others`, "mlp.json"), join(at, "mlp.json"));
      },
    ],
    ["a card that is a device", "mlp.json is a link out of the directory of models", async (at) => {
      await rm(join(at, "mlp.json"));
      await symlink("/dev/zero", join(at, "mlp.json"));
    }],
    ["a link inside to a pipe", "mlp.json is not a regular file", async (at) => {
      await rm(join(at, "mlp.json"));
      spawnSync("mkfifo", [join(at, "pipe")]);
      await symlink("pipe", join(at, "mlp.json"));
    }],
    ["an ONNX file outside", "mlp-c9b7bbf3.onnx is a link out of the directory of models", async (at) => {
      await rename(join(at, "mlp-c9b7bbf3.onnx"), join(at, "..", "secret"));
      await symlink("../secret", join(at, "mlp-c9b7bbf3.onnx"));
    }],
    [
      "a card that is too large",
      `mlp.json has ${MAX_CARD_BYTES + 1} bytes, the most is ${MAX_CARD_BYTES}`,
      (at) => resize(join(at, "mlp.json"), MAX_CARD_BYTES + 1),
    ],
    [
      "a list that is too large",
      `mlps-bd02dfd3.txt.gz has 20000000000 bytes, the most is ${MAX_LIST_BYTES}`,
      async (at) => {
        await cp(join(at, LIST), join(at, "mlps-bd02dfd3.txt.gz"));
        await resize(join(at, "mlps-bd02dfd3.txt.gz"), 20e9);
        const card = JSON.parse(await readFile(join(at, "mlp.json"), "utf8"));
        const dataset = { ...card.dataset, name: "mlps.txt" };
        await writeFile(join(at, "mlp.json"), JSON.stringify({ ...card, dataset }));
      },
    ],
    [
      "an ONNX file that is too large",
      `mlp-c9b7bbf3.onnx has 20000000000 bytes, the most is ${MAX_ONNX_BYTES}`,
      (at) => resize(join(at, "mlp-c9b7bbf3.onnx"), 20e9),
    ],
    ["a card that is none", "it is not JSON", (at) => writeFile(join(at, "mlp.json"), "{")],
    [
      "a context of 2^31 tokens",
      `context_length: Too big: expected number to be <=${MAX_CONTEXT_LENGTH}`,
      async (at) => {
        const card = JSON.parse(await readFile(join(at, "mlp.json"), "utf8"));
        await writeFile(join(at, "mlp.json"), JSON.stringify({ ...card, context_length: 2 ** 31 }));
      },
    ],
  ])("refuses %s", async (_what, reason, prepare) => {
    const directory = await models();
    await prepare(directory);
    await expect(readModel(directory, "mlp")).rejects.toThrow(reason);
    expect((await readModel(directory, "gru")).name).toBe("gru");
  });

  test.each<[what: string, reason: string, list: () => Promise<Uint8Array>]>([
    ["is not gzipped", "cannot be decompressed: ", () => readFile(DEFAULT_LIST)],
    [
      "is cut short",
      "cannot be decompressed: ",
      async () => (await readFile(join("models", LIST))).subarray(0, 50_000),
    ],
    [
      "decompresses to more than a list may have",
      "cannot be decompressed: it has more than 64 MiB, which is the most for a list",
      () => Promise.resolve(gzipSync(Buffer.alloc(2 * MAX_LIST_BYTES))),
    ],
  ])("refuses a list that %s", async (_what, reason, list) => {
    const directory = await models();
    const card = JSON.parse(await readFile(join(directory, "mlp.json"), "utf8"));
    const dataset = { ...card.dataset, name: "bad.txt", sha256: "0".repeat(64) };
    await writeFile(join(directory, "mlp.json"), JSON.stringify({ ...card, dataset }));
    await writeFile(join(directory, "bad-00000000.txt.gz"), await list());
    await expect(readModel(directory, "mlp")).rejects.toThrow(`bad-00000000.txt.gz ${reason}`);
    expect((await readModel(directory, "gru")).name).toBe("gru");
  });

  test("reads no list from outside the directory, whatever its name is on the card", async () => {
    const directory = await models();
    await writeFile(join(directory, "..", "secret.txt"), "secret");
    const card = JSON.parse(await readFile(join(directory, "mlp.json"), "utf8"));
    for (const name of ["../secret.txt", "..", "/etc/hostname", "..\\secret.txt", "secret.txt\0"]) {
      const dataset = { ...card.dataset, name, sha256: "0".repeat(64) };
      await writeFile(join(directory, "mlp.json"), JSON.stringify({ ...card, dataset }));
      expect((await readModel(directory, "mlp")).list).toBeNull();
    }
  });
});
