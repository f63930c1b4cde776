import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ModelCard, modelCardSchema, parseModelCard } from "../shared/model_card.ts";
import { Vocabulary } from "../shared/vocabulary.ts";
import type { Network } from "./architecture.ts";
import { findArchitecture } from "./architectures/all.ts";
import { readParameters } from "./onnx/import.ts";
import type { Parameters } from "./parameters.ts";
import { sha256 } from "./sha256.ts";
import { writeAside } from "./write_whole.ts";

/** A model as its two files hold it. */
export interface StoredModel {
  card: ModelCard;
  vocabulary: Vocabulary;
  network: Network;
  parameters: Parameters;
}

/**
 * Writes `NAME.onnx` and its card `NAME.json`. Both are whole under temporary names before either gets its
 * own; a model is found by its card, which comes last.
 *
 * @param card Everything but the file's SHA-256.
 */
export async function saveModel(
  directory: string,
  onnx: Uint8Array<ArrayBuffer>,
  card: Omit<ModelCard, "sha256">,
): Promise<ModelCard> {
  const whole = modelCardSchema.parse({ ...card, sha256: await sha256(onnx) });
  const onnxPath = join(directory, `${card.name}.onnx`);
  const cardPath = join(directory, `${card.name}.json`);
  await mkdir(directory, { recursive: true });
  const onnxAside = await writeAside(onnxPath, onnx);
  try {
    const cardAside = await writeAside(cardPath, JSON.stringify(whole, null, 1) + "\n");
    await rename(onnxAside, onnxPath);
    await rename(cardAside, cardPath);
  } catch (error) {
    await rm(onnxAside, { force: true });
    throw error;
  }
  return whole;
}

/**
 * Reads a model back.
 *
 * @throws {Error} If a file is missing or broken, or they do not belong together.
 */
export async function loadModel(directory: string, name: string): Promise<StoredModel> {
  const read = async (file: string): Promise<Uint8Array<ArrayBuffer>> => {
    try {
      return new Uint8Array(await readFile(join(directory, file)));
    } catch {
      throw new Error(`Cannot load model ${name}: there is no file ${join(directory, file)}`);
    }
  };
  const card = parseModelCard(new TextDecoder().decode(await read(`${name}.json`)));
  const onnx = await read(`${name}.onnx`);
  if (await sha256(onnx) !== card.sha256) {
    throw new Error(`Cannot load model ${name}: ${name}.onnx is not the file that ${name}.json describes`);
  }
  const vocabulary = new Vocabulary(card.vocabulary);
  const architecture = findArchitecture(card.architecture);
  const network = architecture.build(
    architecture.hyperparameters.parse(card.hyperparameters),
    vocabulary.size,
  );
  return { card, vocabulary, network, parameters: readParameters(onnx) };
}
