import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ModelCard } from "../shared/model_card.ts";
import { readModelFiles } from "../shared/model_files.ts";
import { sha256 } from "../shared/sha256.ts";
import { Vocabulary } from "../shared/vocabulary.ts";
import type { Network } from "./architecture.ts";
import { findArchitecture } from "./architectures/all.ts";
import { readParameters } from "./onnx/import.ts";
import type { Parameters } from "./parameters.ts";

/** A model that was read from its files. */
export interface StoredModel {
  card: ModelCard;
  vocabulary: Vocabulary;
  network: Network;
  parameters: Parameters;
  /** The bytes of the list that it was trained on; null if it came without. */
  list: Uint8Array<ArrayBuffer> | null;
}

/**
 * Reads a model from its files.
 *
 * @throws {Error} If a file is missing or invalid, or the ONNX file is not the one of the card.
 */
export async function loadModel(directory: string, name: string): Promise<StoredModel> {
  const fail = (reason: string): never => {
    throw new Error(`Cannot load model ${name} from ${directory}: ${reason}`);
  };
  const { card, onnx, list } = await readModelFiles(
    name,
    (file, maxBytes) => readRegularFile(join(directory, file), maxBytes),
  ).catch((error: Error) => fail(error.message));
  if (await sha256(onnx) !== card.sha256) fail(`its ONNX file is not the one that ${name}.json describes`);
  const vocabulary = new Vocabulary(card.vocabulary);
  const architecture = findArchitecture(card.architecture);
  const network = architecture.build(
    architecture.hyperparameters.parse(card.hyperparameters),
    vocabulary.size,
  );
  return { card, vocabulary, network, parameters: readParameters(onnx), list };
}

/** Reads a regular file, or returns null if there is none. */
async function readRegularFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    if (stats.size > maxBytes) throw new Error(`${path} has ${stats.size} bytes, the most is ${maxBytes}`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
