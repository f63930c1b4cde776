/*
 * Puts a model into the R2 bucket from which a Worker takes models without a deploy, or repoints the bucket to an earlier version:
 *
 *     deno task publish NAME [--list | --rollback | --to VERSION | --remove]
 *
 * It runs wrangler, which has the login. Each file is put under its SHA-256, unless it is there already; the model's pointer, which
 * decides what is served, comes last.
 */
import { Command } from "commander";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { readModel } from "../functions/inference/model_directory.ts";
import { ModelProbe } from "../functions/inference/model_probe.ts";
import { versionOf } from "../functions/inference/model_store.ts";
import { modelName, parseModelCard } from "../shared/model_card.ts";
import {
  currentVersion,
  fileKeys,
  type ModelPointer,
  parseModelPointer,
  pointerKey,
  type PublishedVersion,
  rolledBack,
  withVersion,
} from "../shared/published_model.ts";
import { WranglerBucket } from "./wrangler_bucket.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** How long a model may take to open before it is published, in seconds. */
const TIMEOUT = 30;

/** The flags of the command. */
interface PublishFlags {
  models: string;
  bucket?: string;
  config: string;
  local?: boolean;
  persistTo?: string;
  list?: boolean;
  rollback?: boolean;
  to?: string;
  remove?: boolean;
}

/** @throws {Error} If wrangler.toml has no bucket with the binding MODELS. */
async function boundBucket(config: string): Promise<string> {
  const [, ...tables] = (await readFile(config, "utf8")).split(/^\[\[r2_buckets\]\]$/m);
  for (const table of tables) {
    const [own] = table.split(/^\[/m);
    if (!/^binding = "MODELS"$/m.test(own)) continue;
    const [, name] = /^bucket_name = "([^"]+)"$/m.exec(own) ?? [];
    if (name !== undefined) return name;
  }
  throw new Error(
    `there is no bucket with the binding MODELS in ${config}; see docs/deploy.md, or name one with --bucket`,
  );
}

/** Puts an object, unless it is there. */
async function putOnce(bucket: WranglerBucket, key: string, bytes: Uint8Array, type: string): Promise<void> {
  if (await bucket.get(key) !== null) return;
  await bucket.put(key, bytes, type);
  console.log(`put ${key} (${bytes.length} bytes)`);
}

async function publish(bucket: WranglerBucket, name: string, directory: string): Promise<void> {
  const { card, onnx, list } = await readModel(directory, name);
  const wasm = await readFile(
    fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")),
  );
  const probe = new ModelProbe(WebAssembly.compile(new Uint8Array(wasm)), TIMEOUT);
  try {
    await probe.check({ name, card, onnx, list });
  } finally {
    probe.end();
  }
  const { sha256: onnxHash, dataset } = parseModelCard(card);
  const cardHash = createHash("sha256").update(card).digest("hex");
  const version: PublishedVersion = {
    card: cardHash,
    onnx: onnxHash,
    list: list ? dataset.sha256 : null,
    published: new Date().toISOString(),
  };
  const keys = fileKeys(version);
  const pointer = await readPointer(bucket, name);
  // The versions that the pointer knows have been put there.
  if (!pointer?.versions.some(({ card, list }) => card === version.card && list === version.list)) {
    await putOnce(bucket, keys.onnx, onnx!, "application/octet-stream");
    if (keys.list !== null) await putOnce(bucket, keys.list, gzipSync(list!), "application/gzip");
    await putOnce(bucket, keys.card, new TextEncoder().encode(card), "application/json");
  }
  await writePointer(bucket, name, withVersion(pointer, version));
}

async function readPointer(bucket: WranglerBucket, name: string): Promise<ModelPointer | null> {
  const bytes = await bucket.get(pointerKey(name));
  return bytes && parseModelPointer(new TextDecoder().decode(bytes));
}

async function writePointer(bucket: WranglerBucket, name: string, pointer: ModelPointer): Promise<void> {
  await bucket.put(
    pointerKey(name),
    new TextEncoder().encode(JSON.stringify(pointer, null, 1) + "\n"),
    "application/json",
  );
  const { card, published } = currentVersion(pointer);
  console.log(
    `${name} is now version ${versionOf(card)}, published ${published}; Workers see it within a minute`,
  );
}

/** Prints the versions of a model, the newest first. */
function printVersions({ current, versions }: ModelPointer): void {
  for (const { card, onnx, published } of versions) {
    const mark = card === current ? "*" : " ";
    console.log(`${mark} ${versionOf(card)}  ${published}  onnx ${onnx.slice(0, 8)}`);
  }
}

const program = new Command("deno task publish")
  .description("Put a model online without a deploy: into the R2 bucket from which the Worker takes models.")
  .argument("<name>", "name of the model: NAME for models/NAME.json")
  .option("--list", "print its versions in the bucket, and put nothing there")
  .option("--rollback", "go back to the version that was published before the current one")
  .option("--to <version>", "go to a version by the first digits that --list prints")
  .option(
    "--remove",
    "take the model out of the bucket; a model of this name in the Worker's bundle answers again",
  )
  .option("--models <directory>", "directory of the models", join(PROJECT, "models"))
  .option("--bucket <name>", "name of the bucket (default: that of the binding MODELS in wrangler.toml)")
  .option("--config <file>", "wrangler's configuration", join(PROJECT, "wrangler.toml"))
  .option("--local", "the bucket of `deno task worker` on this machine")
  .option("--persist-to <directory>", "where wrangler keeps the local bucket")
  .action(async (name: string, flags: PublishFlags) => {
    if (!modelName().safeParse(name).success) {
      throw new Error(`${JSON.stringify(name)} is no name of a model`);
    }
    const scratch = await mkdtemp(join(tmpdir(), "edgemore-publish-"));
    try {
      const bucket = new WranglerBucket(flags.bucket ?? await boundBucket(flags.config), flags, scratch);
      if (flags.remove) return await bucket.delete(pointerKey(name));
      if (!flags.list && !flags.rollback && flags.to === undefined) {
        return await publish(bucket, name, flags.models);
      }
      const pointer = await readPointer(bucket, name);
      if (pointer === null) throw new Error(`the bucket has no model ${name}`);
      if (flags.list) printVersions(pointer);
      else await writePointer(bucket, name, rolledBack(pointer, flags.to));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
