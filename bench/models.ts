import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import process from "node:process";
import { provideOnnxRuntime, WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { listModels, readModel } from "../functions/inference/model_directory.ts";
import { openOnnxModel } from "../functions/inference/onnx_model.ts";
import type { LanguageModel } from "../shared/language_model.ts";
import { type ModelCard, parseModelCard } from "../shared/model_card.ts";
import { modelFileNames } from "../shared/model_files.ts";
import { Vocabulary } from "../shared/vocabulary.ts";
import { DEFAULT_LIST } from "../trainer/list_file.ts";

/** The committed models. */
const COMMITTED = "models";
/** The architectures that are measured unless a model is named. */
const ARCHITECTURES = ["mlp", "bow", "wavenet", "rnn", "gru", "lstm", "transformer"];
/** How a model is trained for a measurement: enough that it makes names of the usual length. */
const TRAINING = ["--steps", "300", "--optimizer", "adam", "--lr", "0.005", "--schedule", "constant"];

/** A model, opened with ONNX Runtime Web, without a cache. */
export interface BenchModel {
  card: ModelCard;
  vocabulary: Vocabulary;
  model: LanguageModel;
}

/** Opens a model. */
export async function openModel(name: string, directory = COMMITTED): Promise<BenchModel> {
  const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  provideOnnxRuntime(new Uint8Array(await readFile(wasm)));
  const files = await readModel(directory, name);
  const card = parseModelCard(files.card);
  const model = await openOnnxModel(files.onnx!, card, WASM_RUNTIME);
  return { card, vocabulary: new Vocabulary(card.vocabulary), model };
}

/** Which models the command line asks for. */
export interface ModelOptions {
  /** A directory. Default: the committed models, and quickly trained ones of the other architectures. */
  models?: string;
  /** The only model to measure. */
  model?: string;
}

/** Models to measure, in a directory. */
export interface ChosenModels {
  directory: string;
  names: string[];
  /** Whether the command line named the directory or the model. */
  named: boolean;
  /** Removes the directory, if it was made for the measurement. */
  remove(): Promise<void>;
}

/**
 * The models that the command line asks for; by default one of each architecture. An architecture without a committed model
 * is trained for a few hundred steps: speed does not depend on how well a model is trained, but the hit rate of its cache does.
 *
 * @throws {Error} If there is no such model, or one cannot be trained.
 */
export async function chooseModels(
  { models, model }: ModelOptions,
  tell: (text: string) => void,
): Promise<ChosenModels> {
  if (models !== undefined || model !== undefined) {
    const directory = models ?? COMMITTED;
    const all = await listModels(directory);
    if (model !== undefined && !all.includes(model)) {
      throw new Error(`Cannot measure ${model}: ${directory} has ${all.join(", ") || "no models"}`);
    }
    return { directory, names: model === undefined ? all : [model], named: true, remove: async () => {} };
  }
  await mkdir("build", { recursive: true });
  const directory = await mkdtemp(join("build", "bench-models-")); // where the server may read
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const committed = await committedArchitectures();
    for (const architecture of ARCHITECTURES) {
      const card = committed.get(architecture);
      if (card) await copyModel(card, directory);
      else trainModel(architecture, directory, tell);
    }
    return { directory, names: await listModels(directory), named: false, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The cards of the committed models on the list that comes along, the first of each architecture. */
async function committedArchitectures(): Promise<Map<string, ModelCard>> {
  const cards = new Map<string, ModelCard>();
  for (const name of await listModels(COMMITTED)) {
    const card = parseModelCard((await readModel(COMMITTED, name)).card);
    const onDefaultList = card.dataset.name === basename(DEFAULT_LIST);
    if (onDefaultList && !cards.has(card.architecture)) cards.set(card.architecture, card);
  }
  return cards;
}

async function copyModel(card: ModelCard, directory: string): Promise<void> {
  const { onnx, list } = modelFileNames(card.name, card);
  for (const file of [`${card.name}.json`, onnx.versioned, list.versioned]) {
    await cp(join(COMMITTED, file), join(directory, file));
  }
}

function trainModel(architecture: string, directory: string, tell: (text: string) => void): void {
  tell(`training ${architecture} for a few hundred steps`);
  const args = ["task", "train", "--architecture", architecture, "--out", directory, ...TRAINING];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot train ${architecture}: ${stdout}\n${stderr}`);
}
