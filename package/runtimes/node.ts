/*
 * What Node, Deno and Bun have: files, and ONNX Runtime's WebAssembly among them.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { listModels, readModel as readFiles } from "../../functions/inference/model_directory.ts";
import type { ModelSource } from "../model_source.ts";

/** Reads the WebAssembly of ONNX Runtime from node_modules. */
export async function findWasm(): Promise<Uint8Array<ArrayBuffer> | null> {
  const file = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  return new Uint8Array(await readFile(file));
}

/**
 * Reads the files of a model from a folder, as `edgemore train` writes them.
 *
 * @param folder The folder of the models.
 * @param name The model's name: that of its card without `.json`.
 * @throws {Error} If a file is missing or cannot be read, or the card is not one.
 *
 * @example
 * ```ts
 * import { openModel, readModel } from "edgemore";
 *
 * const model = await openModel(await readModel("models", "towns"));
 * ```
 */
export async function readModel(folder: string, name: string): Promise<ModelSource> {
  const { onnx, ...files } = await readFiles(folder, name);
  if (onnx === null) throw new Error(`Cannot read model ${name} from ${folder}: ${name}.onnx is missing`);
  return { ...files, onnx };
}

/**
 * Reads the files of all models of a folder, in the order of their names.
 *
 * @throws {Error} If the folder or a file cannot be read.
 */
export async function readModels(folder: string): Promise<ModelSource[]> {
  return await Promise.all((await listModels(folder)).map((name) => readModel(folder, name)));
}
