import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ModelCard, modelCardSchema, parseModelCard } from "../shared/model_card.ts";
import { Vocabulary } from "../shared/vocabulary.ts";
import type { Network } from "./architecture.ts";
import { findArchitecture } from "./architectures/all.ts";
import { describeKnownNames, type KnownNamesFile } from "./known_names.ts";
import { readParameters } from "./onnx/import.ts";
import type { Parameters } from "./parameters.ts";
import { sha256 } from "./sha256.ts";
import { writeAside, writeWhole } from "./write_whole.ts";

/** A model as its two files hold it. */
export interface StoredModel {
  card: ModelCard;
  vocabulary: Vocabulary;
  network: Network;
  parameters: Parameters;
}

/** The files of a model that its card names by their hashes. */
export interface ModelParts {
  /** `NAME.onnx`. */
  onnx: Uint8Array<ArrayBuffer>;
  /** `NAME.known`, or null for a model that comes without. */
  known: KnownNamesFile | null;
}

/**
 * Writes `NAME.onnx`, `NAME.known` and the card of both, `NAME.json`. All are whole under temporary names before any
 * gets its own; a model is found by its card, which comes last.
 *
 * @param card Everything but what the files themselves say.
 */
export async function saveModel(
  directory: string,
  { onnx, known }: ModelParts,
  card: Omit<ModelCard, "sha256" | "known_names">,
): Promise<ModelCard> {
  const whole = modelCardSchema.parse({
    ...card,
    sha256: await sha256(onnx),
    ...(known && { known_names: await describeKnownNames(known) }),
  });
  await mkdir(directory, { recursive: true });
  const files: [extension: string, content: Uint8Array | string][] = [
    ["onnx", onnx],
    ...(known ? [["known", known.bytes] as [string, Uint8Array]] : []),
    ["json", cardText(whole)],
  ];
  const asides: string[] = [];
  try {
    const path = (extension: string) => join(directory, `${card.name}.${extension}`);
    for (const [extension, content] of files) asides.push(await writeAside(path(extension), content));
    for (const [i, [extension]] of files.entries()) await rename(asides[i], path(extension));
    if (!known) await rm(path("known"), { force: true }); // of the model that was there before
  } catch (error) {
    for (const aside of asides) await rm(aside, { force: true });
    throw error;
  }
  return whole;
}

/**
 * Gives a model that there is its file of known names: `NAME.known`, and then the card that names it.
 *
 * @returns The new card.
 */
export async function saveKnownNames(
  directory: string,
  card: ModelCard,
  known: KnownNamesFile,
): Promise<ModelCard> {
  const whole = modelCardSchema.parse({ ...card, known_names: await describeKnownNames(known) });
  await writeWhole(join(directory, `${card.name}.known`), known.bytes);
  await writeWhole(join(directory, `${card.name}.json`), cardText(whole));
  return whole;
}

function cardText(card: ModelCard): string {
  return JSON.stringify(card, null, 1) + "\n";
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
