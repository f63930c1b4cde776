import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import * as z from "zod";
import { createWorker } from "../../../../functions/runtimes/cloudflare.ts";
import { putModel, startLocalBucket } from "../../../local_bucket.ts";
import { twoVersions } from "../../inference/model_versions.ts";

test("a Worker makes the schemas of what its bucket holds when it starts, not in a request", async () => {
  let schemas = 0;
  z.config({ postProcessor: () => schemas++ });
  const bucket = await startLocalBucket();
  const path = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  const wasm = await WebAssembly.compile(await readFile(path));
  const worker = await createWorker(wasm, [], { MODELS: bucket, EDGEMORE_LOG: "off" }, () => {});
  const atStart = schemas;
  expect(atStart).toBeGreaterThan(0);

  const [bigram] = await twoVersions("pets");
  await putModel(bucket, bigram);
  const ask = async (path: string) => {
    const waited: Promise<unknown>[] = [];
    const context = { waitUntil: (promise: Promise<unknown>) => void waited.push(promise) };
    const response = await worker.fetch(new Request(`http://localhost${path}`), {}, context);
    await Promise.all(waited);
    return response;
  };
  await ask("/health"); // refreshes
  expect((await ask("/models/pets")).status).toBe(200);
  expect(schemas).toBe(atStart);
});
