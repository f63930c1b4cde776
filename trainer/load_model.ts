import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ModelCard, modelName } from "../shared/model_card.ts";
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
  /** The bytes of its ONNX file. */
  onnx: Uint8Array<ArrayBuffer>;
  /** The bytes of the list that is stored beside the model, or null if there is none. They may be those of another list. */
  list: Uint8Array<ArrayBuffer> | null;
}

/** Most models that an error lists. */
const MAX_LISTED = 20;

/**
 * Reads a model from its files.
 *
 * @throws {Error} If a file is missing or invalid, or the ONNX file is not the one of the card. If there is no model of this
 * name, the message lists those that there are.
 */
export async function loadModel(directory: string, name: string): Promise<StoredModel> {
  const fail = (reason: string): never => {
    throw new Error(`Cannot load model ${name} from ${directory}: ${reason}`);
  };
  const names = await modelNames(directory).catch((error: Error) => fail(error.message));
  if (!names.includes(name)) fail(`${name}.json is missing; ${listOf(names)}`);
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
  return { card, vocabulary, network, parameters: readParameters(onnx), onnx, list };
}

/** The names of the models in a directory, sorted. */
async function modelNames(directory: string): Promise<string[]> {
  const files = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === "ENOENT"
        ? "there is no such directory; --models says where the models are"
        : error.code === "ENOTDIR"
        ? "it is not a directory; --models says where the models are"
        : error.message,
    );
  });
  return files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length))
    .filter((name) => modelName().safeParse(name).success).sort();
}

/** Says which models there are. */
function listOf(names: readonly string[]): string {
  if (names.length === 0) return "there are no models; the command train makes one";
  const rest = names.length - MAX_LISTED;
  return `the models are ${names.slice(0, MAX_LISTED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
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
