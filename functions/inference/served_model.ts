import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { KnownNames } from "../../shared/known_names.ts";
import { cardQuantiles, type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { sha256 } from "../../shared/sha256.ts";
import { sample } from "../../shared/sampling.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { type OnnxRuntime, openOnnxModel } from "./onnx_model.ts";
import { probeBeginnings } from "./probe_beginnings.ts";

/** Names that are made before the first is asked for. */
const WARM_UP_NAMES = 200;

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
  cache: DistributionCache;
  /** The card's quantiles of the NLL of real names, rising. */
  quantiles: number[];
  /** The bytes of its ONNX file, and of its list if it came with one. */
  files: { onnx: Uint8Array<ArrayBuffer>; known: Uint8Array<ArrayBuffer> | null };
  /** The names of its list, or null where it came without. */
  known: KnownNames | null;
  /** What tells this card from another one of the same ONNX file: the first digits of the SHA-256 of its text. */
  revision: string;
  /** Whether the request named the SHA-256 of the ONNX file, so that its answer never changes. */
  pinned: boolean;
}

/**
 * Opens a model and asks it about many contexts, so that one which is broken is found before it is served. Then names are
 * made until the rows that they need most are remembered.
 *
 * @param runtime What runs it, initialised by the caller.
 * @param onBroken Is called with the reason when a model that was opened turns out to be broken. Its memory is given back.
 * @throws {Error} If it cannot be served; the message is the reason.
 */
export async function openModel(
  { name, card: text, onnx, ...files }: ModelFiles,
  runtime: OnnxRuntime,
  onBroken: (reason: string) => void = () => {},
): Promise<ServedModel> {
  const card = parseModelCard(text);
  if (card.name !== name) throw new Error(`${name}.json is the card of ${JSON.stringify(card.name)}`);
  if (!onnx) throw new Error(`${name}.onnx is missing`);
  await requireHash(`${name}.onnx`, onnx, card.sha256);
  // A card may name none: then a file that is there is of another model that had this name.
  const knownFile = card.known_names && files.known ? files.known : null;
  if (knownFile) await requireHash(`${name}.known`, knownFile, card.known_names!.sha256);
  const known = knownFile && new KnownNames(knownFile, card.vocabulary);
  const vocabulary = new Vocabulary(card.vocabulary);
  const reasonOf = (error: Error) => `${name}.onnx cannot be run: ${error.message}`;
  try {
    const opened = await openOnnxModel(onnx, card, runtime);
    const cache = new DistributionCache(opened, {
      onBroken(error) {
        onBroken(reasonOf(error));
        void opened.close();
      },
    });
    // The rows that names need most come first and are close together in memory, where a processor's cache holds them.
    await sample(cache, vocabulary, { n: WARM_UP_NAMES, seed: 0 });
    await cache.askAll(probeBeginnings(cache.contextLength, cache.vocabularySize));
    await cache.prefill();
    return {
      card,
      vocabulary,
      cache,
      quantiles: cardQuantiles(card),
      files: { onnx, known: knownFile },
      known,
      revision: (await sha256(new TextEncoder().encode(text))).slice(0, 16),
      pinned: false,
    };
  } catch (error) {
    throw new Error(reasonOf(error as Error));
  }
}

/** @throws {Error} If a file is not the one whose SHA-256 the card has. */
async function requireHash(file: string, bytes: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  const digest = await sha256(bytes);
  if (digest === expected) return;
  throw new Error(`${file} is not the file that its card describes: its SHA-256 is ${digest}`);
}
