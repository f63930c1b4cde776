import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseModelPointer, pointerKey } from "../../shared/published_model.ts";
import { writeModels } from "../attacks/bad_models.ts";
import { twoVersions, withCard } from "../functions/inference/model_versions.ts";
import { cardVersion } from "../functions/serve_models.ts";
import { type LocalBucket, putModel, startLocalBucket } from "../local_bucket.ts";
import { startDeno } from "../processes.ts";
import { startWorkerdWith } from "../servers.ts";
import { makeTemporaryDirectory } from "../temporary_directory.ts";

/*
 * The real workerd with wrangler's local R2, into which `deno task publish` writes while the Worker runs.
 */

const BUCKET = "edgemore-models";
/** A publication starts wrangler several times. */
const TIMEOUT = 240_000;

const [bigram, mlp] = await twoVersions("pets");
let address: string;
let directory: string;

/** The lines of wrangler.toml that bind a bucket, without their comment signs. */
const bindBucket = (config: string) =>
  config.replace(/^# (?=\[\[r2_buckets\]\]|binding = |bucket_name = )/gm, "");

beforeAll(async () => {
  const { directory: made, remove } = await makeTemporaryDirectory();
  directory = made;
  await mkdir(join(directory, "state"));
  await writeModels(join(directory, "bigram"), [bigram]);
  await writeModels(join(directory, "mlp"), [mlp, {
    ...mlp,
    name: "animals",
    card: mlp.card.replace('"pets"', '"animals"'),
  }]);
  const { server } = await startWorkerdWith(join(directory, "bigram"), {
    config: bindBucket,
    variables: { EDGEMORE_MODEL_REFRESH: "1", EDGEMORE_RATE_LIMIT: "off" },
    persistTo: join(directory, "state"),
  });
  address = server.address;
  return async () => {
    await server.end();
    await remove();
  };
}, TIMEOUT);

/** Runs `deno task publish` for the local bucket; returns what it printed. */
async function publish(...args: string[]): Promise<string> {
  const flags = ["--bucket", BUCKET, "--local", "--persist-to", join(directory, "state")];
  const { code, stdout, stderr } = await startDeno([
    "run",
    "--quiet",
    "-A",
    "scripts/publish_model.ts",
    ...args,
    ...flags,
  ]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** The Worker's bucket, for what would only be slower through `deno task publish`. */
const localBucket = (): Promise<LocalBucket> => startLocalBucket(join(directory, "state"));

const ask = async (path: string) => await (await fetch(address + path)).json();

/** The status of a model, once it is as expected; asking is what makes the Worker look for changes. */
async function healthOf(name: string, expected: (model?: Record<string, unknown>) => boolean) {
  while (true) {
    const { models } = await ask("/health");
    const found = models.find((model: { name: string }) => model.name === name);
    if (expected(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const versionIs = (version: string) => (model?: Record<string, unknown>) => model?.version === version;

/** Requests until they are stopped, each as soon as the one before is answered; returns the statuses and models. */
function requestOverAndOver(path: string) {
  const counts: Record<string, number> = {};
  let running = true;
  const done = (async () => {
    while (running) {
      const response = await fetch(address + path);
      const { nll } = await response.json();
      const key = `${response.status} ${nll}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
  })();
  return async () => {
    running = false;
    await done;
    return counts;
  };
}

describe("a Worker with a bucket", { timeout: TIMEOUT }, () => {
  test("serves a new version without a restart, and no request fails", async () => {
    expect((await ask("/models/pets")).architecture).toBe("bigram");
    const path = "/score?name=anna&model=pets";
    const before = (await ask(path)).nll;
    const stops = Array.from({ length: 4 }, () => requestOverAndOver(path));
    try {
      expect(await publish("pets", "--models", join(directory, "mlp"))).toContain("put onnx/");
      await healthOf("pets", versionIs(cardVersion(mlp.card)));
      const { nll } = await ask(path);
      expect(nll).not.toBe(before);
      for (const stop of stops) {
        expect(Object.keys(await stop()).sort()).toEqual([`200 ${before}`, `200 ${nll}`].sort());
      }
    } finally {
      await Promise.all(stops.map((stop) => stop()));
    }
    expect(await ask("/models/pets")).toMatchObject({ architecture: "mlp", version: cardVersion(mlp.card) });
  });

  test("serves a new model", async () => {
    await putModel(await localBucket(), withCard(mlp, "animals"));
    await healthOf("animals", (model) => model !== undefined);
    expect(await ask("/score?name=anna&model=animals")).toMatchObject({ model: "animals", possible: true });
    const { names, shortfall } = await ask("/generate?n=5&seed=1&model=animals&novel=true");
    expect([names.length, shortfall]).toEqual([5, undefined]);
  });

  test("goes back to an earlier version by one command", async () => {
    const bucket = await localBucket();
    const before = await bucket.get(pointerKey("pets"));
    const pointer = parseModelPointer(new TextDecoder().decode(await before!.arrayBuffer()));
    await putModel(bucket, bigram, pointer);
    await healthOf("pets", versionIs(cardVersion(bigram.card)));
    await publish("pets", "--rollback");
    await healthOf("pets", versionIs(cardVersion(mlp.card)));
    expect((await ask("/models/pets")).architecture).toBe("mlp");
    const list = await publish("pets", "--list");
    expect(list.split("\n").slice(0, 2).map((line) => line.slice(0, 18))).toEqual([
      `  ${cardVersion(bigram.card)}`,
      `* ${cardVersion(mlp.card)}`,
    ]);
  });

  test("refuses an ONNX file that is not the card's, and keeps the old model", async () => {
    const other = withCard(mlp, "pets", { sha256: "0".repeat(64) });
    await putModel(await localBucket(), other);
    const { version, update } = await healthOf("pets", (model) => model?.update !== undefined);
    expect(version).toBe(cardVersion(mlp.card));
    expect(update).toEqual({
      version: cardVersion(other.card),
      reason: expect.stringContaining("pets.onnx is not the file that its card describes"),
    });
    expect((await ask("/models/pets")).architecture).toBe("mlp");
  });

  test("serves the bundle's model again when the bucket's is removed", async () => {
    await publish("pets", "--remove");
    await (await localBucket()).delete(pointerKey("animals"));
    await healthOf("animals", (model) => model === undefined);
    await healthOf("pets", versionIs(cardVersion(bigram.card)));
    expect((await ask("/models/pets")).architecture).toBe("bigram");
  });
});
