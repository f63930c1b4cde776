import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { takeOnnxSnapshot } from "../../scripts/take_onnx_snapshot.ts";

const { resolve } = createRequire(import.meta.url);

test("no snapshot is taken of more memory than it would be quick to read", async () => {
  const wasm = new Uint8Array(await readFile(resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));
  const glue = await readFile(resolve("onnxruntime-web/ort-wasm-simd-threaded.mjs"), "utf8");
  await expect(takeOnnxSnapshot(wasm, glue, [], 1_000_000))
    .rejects.toThrow(/^it has \d{7} bytes; 1000000 at most are read in less time than it saves$/);
});
