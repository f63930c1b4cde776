import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../../functions/app.ts";
import { DirectoryStore } from "../../../functions/inference/directory_store.ts";
import { ModelMemory } from "../../../functions/inference/model_memory.ts";
import { ModelRefresher, type RefresherOptions } from "../../../functions/inference/model_refresher.ts";
import {
  type ModelStore,
  type StoredModel,
  StoreUnavailableError,
} from "../../../functions/inference/model_store.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { type ModelFiles, Registry } from "../../../functions/inference/registry.ts";
import { openModel } from "../../../functions/inference/served_model.ts";
import { badModel, writeModels } from "../../attacks/bad_models.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";
import { cardVersion, modelFiles } from "../serve_models.ts";
import { twoVersions, withCard } from "./model_versions.ts";

beforeAll(startOnnxRuntime);

/** A registry that follows a store, and requests to it. */
function follow(store: ModelStore, options: Partial<RefresherOptions> = {}) {
  /** The models that were opened, by name and version. */
  const opened: string[] = [];
  const { memory } = options;
  const registry = new Registry([]);
  const refresher = new ModelRefresher(registry, store, {
    open(files, onBroken) {
      opened.push(`${files.name} ${cardVersion(files.card)}`);
      return openModel(files, WASM_RUNTIME, { onBroken, memory });
    },
    ...options,
  });
  const app = createApp(registry, { runtime: "test" });
  const architecture = async (name: string) =>
    (await (await app.request(`/models/${name}`)).json()).architecture;
  const health = async () => (await (await app.request("/health")).json()).models;
  return { registry, refresher, app, opened, architecture, health };
}

/** A directory with models, and the registry that follows it. */
async function followDirectory(models: ModelFiles[], options?: Partial<RefresherOptions>) {
  const directory = join(await temporaryDirectory(), "models");
  const write = (...models: ModelFiles[]) => writeModels(directory, models);
  await write(...models);
  const following = follow(new DirectoryStore(directory), options);
  await following.refresher.refresh();
  return { directory, write, ...following };
}

describe("a directory", () => {
  test("is followed: new models appear, new versions replace old ones, removed models disappear", async () => {
    const [bigram, mlp] = await twoVersions("pets");
    const { directory, write, refresher, registry, app, architecture } = await followDirectory([bigram]);
    expect(registry.names).toEqual(["pets"]);
    expect(await architecture("pets")).toBe("bigram");

    await write(mlp, withCard(bigram, "animals"));
    await refresher.refresh();
    expect(registry.names).toEqual(["animals", "pets"]);
    expect([await architecture("pets"), await architecture("animals")]).toEqual(["mlp", "bigram"]);

    await rm(join(directory, "pets.json"));
    await refresher.refresh();
    expect(registry.names).toEqual(["animals"]);
    expect((await app.request("/score?name=a&model=pets")).status).toBe(404);
    expect((await app.request("/score?name=a")).status).toBe(200);
  });

  test("is not read again as long as nothing changes", async () => {
    const [bigram] = await twoVersions("pets");
    const { refresher, opened } = await followDirectory([bigram, await badModel("wrong-input")]);
    await refresher.refresh();
    await refresher.refresh();
    expect(opened.map((model) => model.split(" ")[0])).toEqual(["pets", "wrong-input"]);
  });

  test("may have a card before the files that it points to", async () => {
    const [bigram] = await twoVersions("pets");
    const { directory, refresher, health } = await followDirectory([{ ...bigram, onnx: null }]);
    expect(await health()).toMatchObject([{
      status: "broken",
      reason: expect.stringContaining("is missing"),
    }]);
    await writeFile(join(directory, "pets.onnx"), bigram.onnx!);
    await refresher.refresh();
    expect(await health()).toEqual([
      { name: "pets", status: "ready", version: cardVersion(bigram.card), training_names: true },
    ]);
  });

  test("that cannot be listed changes nothing", async () => {
    const [bigram] = await twoVersions("pets");
    const { directory, refresher, architecture } = await followDirectory([bigram]);
    await rename(directory, `${directory}-gone`);
    await refresher.refresh();
    expect(await architecture("pets")).toBe("bigram");
  });
});

describe("a new version that cannot be served", () => {
  const bad = {
    "of another ONNX file": (mlp: ModelFiles) => ({ ...mlp, onnx: mlp.onnx!.slice(0, -1) }),
    "without a valid card": (mlp: ModelFiles) => ({
      ...mlp,
      list: null,
      card: mlp.card.replace("context_length", "length"),
    }),
    "of another name": (mlp: ModelFiles) => ({ ...withCard(mlp, "others"), name: "pets" }),
    "whose graph does not run": async () => await badModel("wrong-input", "pets"),
  };

  test.each(Object.entries(bad))("%s leaves the old one, and /health tells why", async (_, spoil) => {
    const [bigram, mlp] = await twoVersions("pets");
    const { write, refresher, architecture, health, opened } = await followDirectory([bigram]);
    const spoilt = await spoil(mlp);
    await write(spoilt);
    await refresher.refresh();
    expect(await architecture("pets")).toBe("bigram");
    const ready = { name: "pets", status: "ready", version: cardVersion(bigram.card), training_names: true };
    expect(await health()).toEqual([
      { ...ready, update: { version: cardVersion(spoilt.card), reason: expect.any(String) } },
    ]);

    const attempts = opened.length;
    await refresher.refresh();
    expect(opened).toHaveLength(attempts); // it is not tried again
    await write(bigram);
    await refresher.refresh();
    expect(await health()).toEqual([ready]);
    await write(mlp);
    await refresher.refresh();
    expect(await architecture("pets")).toBe("mlp");
  });
});

describe("requests", () => {
  test("are answered by the old model until the new one answers", async () => {
    const [bigram, mlp] = await twoVersions("pets");
    const gate = Promise.withResolvers<void>();
    let first = true;
    const { write, refresher, architecture } = await followDirectory([bigram], {
      async open(files, onBroken) {
        if (!first) await gate.promise;
        first = false;
        return await openModel(files, WASM_RUNTIME, { onBroken });
      },
    });
    await write(mlp);
    const refreshed = refresher.refresh();
    for (let i = 0; i < 3; i++) expect(await architecture("pets")).toBe("bigram");
    gate.resolve();
    await refreshed;
    expect(await architecture("pets")).toBe("mlp");
  });

  test("finish with the model that they began with, even after it was closed", async () => {
    const gru = withCard((await modelFiles())[1], "pets");
    const [bigram] = await twoVersions("pets");
    let now = 0;
    const memory = new ModelMemory(Infinity, () => now);
    const { write, refresher, app } = await followDirectory([gru], { memory });
    const path = "/generate?model=pets&n=300&seed=5&temperature=3";
    const init = { headers: { accept: "text/event-stream" } };
    const whole = await (await app.request(path, init)).text();

    const reader = (await app.request(path, init)).body!.getReader();
    let text = new TextDecoder().decode((await reader.read()).value);
    await write(bigram);
    await refresher.refresh();
    const used = memory.used;
    now += 60_000;
    await refresher.refresh(); // closes what is not used any more
    expect(memory.used).toBeLessThan(used);
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += new TextDecoder().decode(read.value);
    }
    expect(text).toBe(whole);
    expect((await (await app.request(path, init)).text()).length).not.toBe(whole.length);

    now += 60_000;
    await refresher.refresh(); // also what such a request has opened again
    const afterwards = memory.used;
    now += 60_000;
    await refresher.refresh();
    expect(memory.used).toBe(afterwards);
  });
});

/** A store in memory that can be made unavailable. */
class MemoryStore implements ModelStore {
  models = new Map<string, ModelFiles>();
  available = true;
  reads = 0;

  list(): Promise<StoredModel[]> {
    return Promise.resolve(Array.from(this.models.values(), ({ name, card }) => {
      const version = cardVersion(card);
      return { name, version, state: version };
    }));
  }

  async readCard({ name }: StoredModel): Promise<string> {
    return (await this.#find(name)).card;
  }

  async read({ name }: StoredModel): Promise<ModelFiles> {
    this.reads++;
    return await this.#find(name);
  }

  #find(name: string): Promise<ModelFiles> {
    if (!this.available) return Promise.reject(new StoreUnavailableError("it is away"));
    return Promise.resolve(this.models.get(name)!);
  }
}

describe("a store that is not available for a while", () => {
  test("is asked for the same version again", async () => {
    const [bigram, mlp] = await twoVersions("pets");
    const store = new MemoryStore();
    store.models.set("pets", bigram);
    const { refresher, architecture } = follow(store);
    await refresher.refresh();
    store.available = false;
    store.models.set("pets", mlp);
    await refresher.refresh();
    expect(await architecture("pets")).toBe("bigram");
    store.available = true;
    await refresher.refresh();
    expect(await architecture("pets")).toBe("mlp");
  });

  test("makes a closed model wait, and does not break it", async () => {
    const [bigram] = await twoVersions("pets");
    const store = new MemoryStore();
    store.models.set("pets", bigram);
    const { refresher, app } = follow(store, { lazy: true });
    await refresher.refresh();
    store.available = false;
    const response = await app.request("/score?name=a&model=pets");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(store.reads).toBe(1); // one attempt a request
    store.available = true;
    expect((await app.request("/score?name=a&model=pets")).status).toBe(200);
  });
});

describe("a lazy refresher", () => {
  test("tells of new models, and opens them when they are asked for", async () => {
    const [bigram, mlp] = await twoVersions("pets");
    const store = new MemoryStore();
    store.models.set("pets", bigram);
    const { refresher, app, opened, health } = follow(store, { lazy: true });
    await refresher.refresh();
    expect(opened).toEqual([]);
    expect(await health()).toEqual([{ name: "pets", status: "ready", version: cardVersion(bigram.card) }]);
    expect(await (await app.request("/models")).json()).toMatchObject([{
      name: "pets",
      architecture: "bigram",
    }]);
    const asked = await Promise.all(Array.from({ length: 5 }, () => app.request("/score?name=a&model=pets")));
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(opened).toHaveLength(1);

    store.models.set("pets", mlp); // an update is opened at once
    await refresher.refresh();
    expect(opened).toHaveLength(2);
  });

  test("has a new model that is broken told of when it is asked for", async () => {
    const [bigram] = await twoVersions("pets");
    const store = new MemoryStore();
    store.models.set("pets", await badModel("wrong-input", "pets")).set("others", {
      ...bigram,
      name: "others",
      card: "{",
    });
    const { refresher, app, health } = follow(store, { lazy: true });
    await refresher.refresh();
    expect(await health()).toMatchObject([{ name: "others", status: "broken" }, {
      name: "pets",
      status: "ready",
    }]);
    expect((await app.request("/score?name=a&model=pets")).status).toBe(503);
    expect(await health()).toMatchObject([{ status: "broken" }, { status: "broken" }]);
  });
});

test("a refresh that was ended half-way does not prevent the next one", async () => {
  const store = new MemoryStore();
  let now = 0;
  const { refresher, registry } = follow(store, { now: () => now });
  const list = store.list.bind(store);
  store.list = () => new Promise(() => {});
  void refresher.refresh();
  store.list = list;
  store.models.set("pets", (await twoVersions("pets"))[0]);
  now += 59_000;
  expect(refresher.isDue(1000)).toBe(false);
  now += 2000;
  expect(refresher.isDue(1000)).toBe(true);
  await refresher.refresh();
  expect(registry.names).toEqual(["pets"]);
});
