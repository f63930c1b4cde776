import { cardQuantiles } from "../../shared/card_quantiles.ts";
import { DistributionCache } from "../../shared/distribution_cache.ts";
import { KnownNames } from "../../shared/known_names.ts";
import type { LanguageModel } from "../../shared/language_model.ts";
import { type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { sample } from "../../shared/sampling.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { Problem } from "../problem.ts";
import { type OnnxRuntime, openOnnxModel } from "./onnx_model.ts";
import { WASM_RUNTIME } from "./onnx_runtime.ts";

/** The model that answers where none is named, if there is one of this name. */
const DEFAULT_MODEL = "tuned";

/** Names that are made before the first is asked for. */
const REHEARSED_NAMES = 200;

/** The files of a model, as a runtime finds them. */
export interface ModelFiles {
  /** The card's file name without `.json`. */
  name: string;
  /** The text of `NAME.json`. */
  card: string;
  /** The bytes of `NAME.onnx`, or null where there is no such file. */
  onnx: Uint8Array<ArrayBuffer> | null;
  /** The bytes of `NAME.known`, if there is such a file. */
  known?: Uint8Array<ArrayBuffer> | null;
}

/** A model that answers. */
export interface ServedModel {
  card: ModelCard;
  vocabulary: Vocabulary;
  model: LanguageModel;
  /** The card's quantiles of the NLL of real names, rising. */
  quantiles: number[];
  /** The bytes of its ONNX file, and of its list if it came with one. */
  files: { onnx: Uint8Array<ArrayBuffer>; known: Uint8Array<ArrayBuffer> | null };
  /** The names of its list, or null where it came without. */
  known: KnownNames | null;
}

/** A model that cannot answer, and why. */
interface BrokenModel {
  reason: string;
}

/** How a model is. */
export interface ModelStatus {
  name: string;
  status: "ready" | "broken";
  /** Why it is broken. */
  reason?: string;
}

/** The models of a server, by name. One that is broken leaves the others be. */
export class Registry {
  readonly #models: ReadonlyMap<string, ServedModel | BrokenModel>;
  /** The model that answers where none is named. */
  readonly defaultModel: string;

  private constructor(models: ReadonlyMap<string, ServedModel | BrokenModel>, defaultModel: string) {
    this.#models = models;
    this.defaultModel = defaultModel;
  }

  /**
   * Opens all models.
   *
   * @param files Their files.
   * @param defaultModel The model that answers where none is named. Default: "tuned", or the first in the
   * alphabet.
   * @param runtime What runs them. Default: WebAssembly.
   * @throws {RangeError} If there is no model of the default's name. A model that is broken is no error.
   */
  static async open(
    files: Iterable<ModelFiles>,
    defaultModel?: string,
    runtime: OnnxRuntime = WASM_RUNTIME,
  ): Promise<Registry> {
    const models = new Map<string, ServedModel | BrokenModel>();
    for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      models.set(file.name, await open(file, runtime).catch((error: Error) => ({ reason: error.message })));
    }
    const names = [...models.keys()];
    if (defaultModel !== undefined && !models.has(defaultModel)) {
      throw new RangeError(
        `Cannot make ${JSON.stringify(defaultModel)} the default model: there are ${
          names.join(", ") || "none"
        }`,
      );
    }
    return new Registry(
      models,
      defaultModel ?? names.find((name) => name === DEFAULT_MODEL) ?? names[0] ?? DEFAULT_MODEL,
    );
  }

  /**
   * The model of a name.
   *
   * @param parameter Where the request has the name, for the message.
   * @throws {Problem} 404 if there is none, 503 if it is broken.
   */
  get(name: string = this.defaultModel, parameter = "model"): ServedModel {
    const found = this.#models.get(name);
    if (!found) {
      const known = [...this.#models.keys()].join(", ") || "none";
      const message = `must be a model of this server (${known}), got ${JSON.stringify(name)}`;
      throw Problem.ofParameters("unknown-model", [{ parameter, message }]);
    }
    if ("reason" in found) throw new Problem("broken-model", `Model ${name} cannot answer: ${found.reason}`);
    return found;
  }

  /** The cards of the models that answer. */
  cards(): ModelCard[] {
    return [...this.#models.values()].flatMap((model) => ("card" in model ? [model.card] : []));
  }

  /** How each model is. */
  statuses(): ModelStatus[] {
    return Array.from(
      this.#models,
      ([name, model]) =>
        "reason" in model ? { name, status: "broken", reason: model.reason } : { name, status: "ready" },
    );
  }
}

async function open(
  { name, card: text, onnx, ...files }: ModelFiles,
  runtime: OnnxRuntime,
): Promise<ServedModel> {
  const card = parseModelCard(text);
  if (card.name !== name) throw new Error(`${name}.json is the card of ${JSON.stringify(card.name)}`);
  if (!onnx) throw new Error(`${name}.onnx is missing`);
  await requireHash(`${name}.onnx`, onnx, card.sha256);
  // A card may name none: then a file that is there is of another model that had this name.
  const knownFile = card.known_names && files.known ? files.known : null;
  if (knownFile) await requireHash(`${name}.known`, knownFile, card.known_names!.sha256);
  const vocabulary = new Vocabulary(card.vocabulary);
  let model: DistributionCache;
  try {
    model = new DistributionCache(await openOnnxModel(onnx, card, runtime));
    // Rows that names need most come first and lie together, where a processor's own memory holds them.
    await sample(model, vocabulary, { n: REHEARSED_NAMES, seed: 0 });
    await model.rememberAll();
  } catch (error) {
    throw new Error(`${name}.onnx cannot be run: ${(error as Error).message}`);
  }
  const known = knownFile && new KnownNames(knownFile, card.vocabulary);
  return {
    card,
    vocabulary,
    model,
    quantiles: cardQuantiles(card),
    files: { onnx, known: knownFile },
    known,
  };
}

/** @throws {Error} If a file is not the one whose SHA-256 the card has. */
async function requireHash(file: string, bytes: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (digest === expected) return;
  throw new Error(`${file} is not the file that its card describes: its SHA-256 is ${digest}`);
}
