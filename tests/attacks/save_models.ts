/*
 * Saves the models of a JSON file one after the other; for tests that kill it meanwhile:
 *
 *     deno run -A --import-map=tests/attacks/recorded_files.json tests/attacks/save_models.ts DIRECTORY JOBS [STEP]
 *
 * With a number as STEP, it kills itself before the STEPth call that changes a file. Without one, it prints these calls.
 */
import { readFile } from "node:fs/promises";
import type { ModelCard } from "../../shared/model_card.ts";
import { saveModel } from "../../trainer/save_model.ts";
import { calls } from "./recorded_files.ts";

/** A model to save, as JSON; bytes are in base64. */
export interface SaveJob {
  card: ModelCard;
  /** The ONNX file. */
  onnx: string;
  /** The training list. */
  list: string;
}

const [directory, jobsFile, step] = Deno.args;
const jobs: SaveJob[] = JSON.parse(await readFile(jobsFile, "utf8"));
for (const { card, onnx, list } of jobs) {
  await saveModel(directory, { onnx: Uint8Array.fromBase64(onnx), list: Uint8Array.fromBase64(list) }, card);
}
if (step === undefined) console.log(JSON.stringify(calls));
