/*
 * What stands for node.ts where there are no files: in browsers and Workers. The package's `imports` choose one of the two.
 */
import type { ModelSource } from "../model_source.ts";

/** ONNX Runtime looks for its WebAssembly beside its own script, which bundlers such as Vite put there. */
export function findWasm(): Promise<null> {
  return Promise.resolve(null);
}

export function readModel(folder: string, name: string): Promise<ModelSource> {
  return Promise.reject(noFiles(`${folder}/${name}.json`));
}

export function readModels(folder: string): Promise<ModelSource[]> {
  return Promise.reject(noFiles(folder));
}

function noFiles(path: string): Error {
  return new Error(`Cannot read ${path}: there are no files here; fetch or import the model's bytes`);
}
