import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { provideOnnxRuntime, WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { readModel } from "../functions/inference/model_directory.ts";
import { openOnnxModel } from "../functions/inference/onnx_model.ts";
import type { LanguageModel } from "../shared/language_model.ts";
import { type ModelCard, parseModelCard } from "../shared/model_card.ts";
import { Vocabulary } from "../shared/vocabulary.ts";

/** A committed model, opened with ONNX Runtime Web, without a cache. */
export interface BenchModel {
  card: ModelCard;
  vocabulary: Vocabulary;
  model: LanguageModel;
}

/** Opens a committed model. */
export async function openModel(name: string): Promise<BenchModel> {
  const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  provideOnnxRuntime(new Uint8Array(await readFile(wasm)));
  const files = await readModel("models", name);
  const card = parseModelCard(files.card);
  const model = await openOnnxModel(files.onnx!, card, WASM_RUNTIME);
  return { card, vocabulary: new Vocabulary(card.vocabulary), model };
}
