import { describe, expect, test } from "vitest";
import { type StoredModel, StoreUnavailableError } from "../../../../functions/inference/model_store.ts";
import { BucketStore } from "../../../../functions/runtimes/cloudflare/bucket_store.ts";
import { BundledStore } from "../../../../functions/runtimes/cloudflare/bundled_store.ts";
import { MAX_CARD_BYTES } from "../../../../shared/model_files.ts";
import { MAX_POINTER_BYTES, type ModelPointer } from "../../../../shared/published_model.ts";
import { gzip, type LocalBucket, putModel, startLocalBucket } from "../../../local_bucket.ts";
import { twoVersions, withCard } from "../../inference/model_versions.ts";
import { cardVersion } from "../../serve_models.ts";

const MAX_BYTES = 2 ** 20;

/** A local bucket with the model "pets", and what reads it. */
async function withPets() {
  const [bigram, mlp] = await twoVersions("pets");
  const bucket = await startLocalBucket();
  const pointer = await putModel(bucket, mlp);
  const [{ onnx, list, card }] = pointer.versions;
  const keys = { onnx: `onnx/${onnx}.onnx`, list: `lists/${list}.txt.gz`, card: `cards/${card}.json` };
  return { bigram, mlp, bucket, pointer, keys, store: new BucketStore(bucket, MAX_BYTES) };
}

const pets = async (store: { list(): Promise<StoredModel[]> }) =>
  (await store.list()).find(({ name }) => name === "pets")!;

describe("a bucket", () => {
  test("has the models that were put there, whole", async () => {
    const { store, mlp } = await withPets();
    const model = await pets(store);
    expect(model).toEqual({ name: "pets", version: cardVersion(mlp.card), state: cardVersion(mlp.card) });
    expect(await store.read(model)).toEqual(mlp);
    expect(await store.readCard(model)).toBe(mlp.card);
  });

  test("may have a model without its list", async () => {
    const { store, bucket, mlp } = await withPets();
    await putModel(bucket, { ...mlp, list: null });
    expect((await store.read(await pets(store))).list).toBeNull();
  });

  test("is listed once, and its pointers are read only when they change", async () => {
    const { bucket, bigram, pointer } = await withPets();
    await putModel(bucket, withCard(bigram, "animals"));
    const calls: string[] = [];
    const store = new BucketStore({
      list: (options) => (calls.push("list"), bucket.list(options)),
      get: (key) => (calls.push(key), bucket.get(key)),
    }, MAX_BYTES);
    expect(await store.list()).toHaveLength(2);
    await store.list();
    await putModel(bucket, bigram, pointer);
    await store.list();
    expect(calls).toEqual([
      "list",
      "models/animals.json",
      "models/pets.json",
      "list",
      "list",
      "models/pets.json",
    ]);
  });

  test("may have other objects, which are no models", async () => {
    const { bucket, store } = await withPets();
    for (const key of ["models/.json", "models/A.json", "models/a/b.json", "models/c.txt", "d.json"]) {
      await bucket.put(key, "{}");
    }
    expect((await store.list()).map(({ name }) => name)).toEqual(["pets"]);
  });
});

/** What is done to a bucket, and the reason for which the model is refused then. */
type Damage = [
  what: string,
  damage: (
    made: { bucket: LocalBucket; keys: Record<"onnx" | "list" | "card", string>; pointer: ModelPointer },
  ) => unknown,
  reason: string,
];

const damages: Damage[] = [
  [
    "an invalid pointer",
    ({ bucket }) => bucket.put("models/pets.json", "{}"),
    "Cannot read a model's pointer: ",
  ],
  [
    "a large pointer",
    ({ bucket, pointer }) =>
      bucket.put("models/pets.json", JSON.stringify(pointer).padEnd(MAX_POINTER_BYTES + 1)),
    `models/pets.json has ${MAX_POINTER_BYTES + 1} bytes, the most is ${MAX_POINTER_BYTES}`,
  ],
  ["no card", ({ bucket, keys }) => bucket.delete(keys.card), ".json is missing in the bucket"],
  ["another card", ({ bucket, keys }) => bucket.put(keys.card, "{}"), "the card of pets is another file"],
  [
    "a large card",
    ({ bucket, keys }) => bucket.put(keys.card, " ".repeat(MAX_CARD_BYTES + 1)),
    `bytes, the most is ${MAX_CARD_BYTES}`,
  ],
  ["no ONNX file", ({ bucket, keys }) => bucket.delete(keys.onnx), ".onnx is missing in the bucket"],
  [
    "a large ONNX file",
    ({ bucket, keys }) => bucket.put(keys.onnx, new Uint8Array(MAX_BYTES + 1)),
    `.onnx has ${MAX_BYTES + 1} bytes, the most is ${MAX_BYTES}`,
  ],
  ["no list", ({ bucket, keys }) => bucket.delete(keys.list), ".txt.gz is missing in the bucket"],
  [
    "a list that is large when it is decompressed",
    async ({ bucket, keys }) => bucket.put(keys.list, await gzip(new Uint8Array(MAX_BYTES + 1))),
    "it has more than 1 MiB, which is the most for a list",
  ],
  ["a list that is not gzip", ({ bucket, keys }) => bucket.put(keys.list, "ada"), "cannot be decompressed"],
  [
    "a pointer to another ONNX file than the card's",
    ({ bucket, pointer }) => {
      const [version] = pointer.versions;
      const other = { ...pointer, versions: [{ ...version, onnx: "0".repeat(64) }] };
      return bucket.put("models/pets.json", JSON.stringify(other));
    },
    "the pointer of pets leads to other files than its card",
  ],
];

test.each(damages)("%s is refused", async (_, damage, reason) => {
  const { bucket, keys, pointer, store } = await withPets();
  await damage({ bucket, keys, pointer });
  const reading = pets(store).then((model) => store.read(model));
  await expect(reading).rejects.toThrow(reason);
  await expect(reading).rejects.not.toBeInstanceOf(StoreUnavailableError);
});

test("a bucket that does not answer is unavailable, which says nothing of its models", async () => {
  const { bucket } = await withPets();
  let works = true;
  const failing = () => Promise.reject(new Error("internal error (10001)"));
  const store = new BucketStore({
    list: (options) => works ? bucket.list(options) : failing(),
    get: (key) => works ? bucket.get(key) : failing(),
  }, MAX_BYTES);
  const model = await pets(store);
  works = false;
  await expect(store.list()).rejects.toThrow(StoreUnavailableError);
  await expect(store.read(model)).rejects.toThrow(StoreUnavailableError);
});

test("a model that was replaced since it was listed is read when it is listed again", async () => {
  const { bucket, bigram, store } = await withPets();
  const model = await pets(store);
  await putModel(bucket, bigram);
  const newer = await pets(store);
  await expect(store.read(model)).rejects.toThrow(StoreUnavailableError);
  expect(await store.read(newer)).toEqual(bigram);
});

describe("a bundle under a bucket", () => {
  test("gives the models that the bucket does not have, and the versions that both have", async () => {
    const { bucket, bigram, mlp, keys } = await withPets();
    const animals = withCard(bigram, "animals");
    const store = new BundledStore([animals, mlp], new BucketStore(bucket, MAX_BYTES));
    await bucket.delete(keys.onnx); // it is not read from there
    expect((await store.list()).map(({ name }) => name)).toEqual(["animals", "pets"]);
    for (const model of await store.list()) {
      expect(await store.read(model)).toBe(model.name === "pets" ? mlp : animals);
    }
  });

  test("gives way to the bucket's versions", async () => {
    const { bucket, bigram, mlp } = await withPets();
    const store = new BundledStore([bigram], new BucketStore(bucket, MAX_BYTES));
    expect(await store.read(await pets(store))).toEqual(mlp);
    await bucket.delete("models/pets.json");
    expect(await store.read(await pets(store))).toBe(bigram);
  });
});
