import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { ModelFiles } from "../../functions/inference/registry.ts";
import type { Jobs } from "../../functions/jobs/jobs.ts";

/** How many schemas and checks of Zod have been made. */
let schemas = 0;
z.config({ postProcessor: () => schemas++ });

/** How many errors have been made. */
let errors = 0;
class CountedError extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    errors++;
  }
}
Object.assign(globalThis, { Error: CountedError });

/** How many schemas and errors an action makes. */
async function madeBy(action: () => unknown): Promise<{ schemas: number; errors: number }> {
  const before = { schemas, errors };
  await action();
  return { schemas: schemas - before.schemas, errors: errors - before.errors };
}

const NOTHING = { schemas: 0, errors: 0 };

// Before anything imports the modules.
const evaluated = await madeBy(() => import("../../functions/runtimes/cloudflare.ts"));

const { createApp } = await import("../../functions/app.ts");
const { openModel } = await import("../../functions/inference/served_model.ts");
const { WASM_RUNTIME } = await import("../../functions/inference/onnx_runtime.ts");
const { Registry } = await import("../../functions/inference/registry.ts");
const { modelFiles } = await import("./serve_models.ts");
const { startOnnxRuntime } = await import("../onnx_runtime.ts");

let files: ModelFiles[];
/** As a Worker's, its models have been tried by the build. */
const registry = new Registry(["bigram", "mlp"]);
beforeAll(async () => {
  await startOnnxRuntime();
  files = await modelFiles();
  for (const model of files) {
    if (!registry.names.includes(model.name)) continue;
    await registry.add(model.name, () => openModel(model, { ...WASM_RUNTIME, hasTried: () => true }));
  }
});

const newApp = () => createApp(registry, { runtime: "test", jobs: {} as Jobs });

// Not tried again: a schema that was made is kept.
describe("a start", { retry: 0 }, () => {
  // An error costs 40 ms there: V8 finds the source position of each statement of the bundle, whose modules are one function.
  test("makes no schema and no error when it evaluates the modules", () => {
    expect(evaluated).toEqual(NOTHING);
  });

  test("makes none when it creates the application", async () => {
    expect(await madeBy(newApp)).toEqual(NOTHING);
  });
});

describe("a request", { retry: 0 }, () => {
  const json = { "content-type": "application/json" };
  test.each<[path: string, init?: RequestInit]>([
    ["/generate"],
    ["/generate?model=mlp&n=3&seed=1&temperature=0.9&unique=true"],
    ["/generate?model=mlp&prefix=%6D%61r"],
    ["/generate", { headers: { accept: "text/event-stream" } }],
    ["/score?name=andrej"],
    ["/score?name=mary%20ann&model=mlp"],
    ["/score?name=mary+ann"],
    ["/score", { method: "POST", headers: json, body: '["andrej"]' }],
    ["/score", { method: "POST", headers: { "content-type": "text/plain" }, body: "andrej\n" }],
    ["/next?prefix=a"],
    ["/models"],
    ["/models/mlp"],
    ["/models/gpt"],
    ["/models/mlp/model.onnx"],
    ["/models/mlp/training_names.txt"],
    ["/health"],
    ["/nothing"],
    ["/score", { method: "DELETE" }],
  ])("of %s makes no schema", async (path, init) => {
    const app = newApp();
    const made = await madeBy(async () => await (await app.request(path, init)).arrayBuffer());
    expect(made.schemas).toBe(0);
  });

  test("that is not valid makes the schema of its query, once", async () => {
    const app = newApp();
    expect((await madeBy(() => app.request("/score"))).schemas).toBeGreaterThan(0);
    const { schemas } = await madeBy(async () => {
      const { errors } = await (await app.request("/score?name=a&n=1")).json();
      expect(errors).toEqual([{
        parameter: "n",
        message: "is no parameter of this route, which has name, model",
      }]);
    });
    expect(schemas).toBe(1); // the error
  });

  test("of the OpenAPI document makes those of all routes, once", async () => {
    const app = newApp();
    expect((await madeBy(() => app.request("/openapi.json"))).schemas).toBeGreaterThan(100);
    expect((await madeBy(() => app.request("/openapi.json"))).schemas).toBe(0);
  });
});
