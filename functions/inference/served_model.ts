import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { cardQuantiles, type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { sha256 } from "../../shared/sha256.ts";
import { sample } from "../../shared/sampling.ts";
import { TrainingNames } from "../../shared/training_names.ts";
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
  /** The list that it was trained on, not compressed, if there is such a file. */
  list?: Uint8Array<ArrayBuffer> | null;
}

/** A model that answers. */
export interface ServedModel {
  card: ModelCard;
  vocabulary: Vocabulary;
  cache: DistributionCache;
  /** The card's quantiles of the NLL of real names, rising. */
  quantiles: number[];
  /** The bytes of its ONNX file. */
  onnx: Uint8Array<ArrayBuffer>;
  /** The names that it was trained on, or null where its files do not include the list. */
  trainingNames: TrainingNames | null;
  /** What tells this card from another one of the same ONNX file: the first digits of the SHA-256 of its text. */
  revision: string;
  /** Whether the request named the SHA-256 of the ONNX file, so that its answer never changes. */
  pinned: boolean;
  /** Gives its memory in ONNX Runtime back. It must not be asked any more. */
  close(): Promise<void>;
}

/** Opens each list once, however many models were trained on it. */
export class TrainingLists {
  readonly #opened = new Map<string, Promise<TrainingNames>>();
  readonly #pause: (() => Promise<void>) | undefined;

  /** @param pause See {@link TrainingNames.open}. */
  constructor(pause?: () => Promise<void>) {
    this.#pause = pause;
  }

  /**
   * The names of a list.
   *
   * @throws {Error} If it is not the list that the card describes.
   */
  async open(list: Uint8Array<ArrayBuffer>, { name, sha256 }: ModelCard["dataset"]): Promise<TrainingNames> {
    await requireHash(name, list, sha256);
    const names = this.#opened.get(sha256) ?? TrainingNames.open(list, this.#pause);
    this.#opened.set(sha256, names);
    return await names;
  }
}

/**
 * Opens a model and asks it about many contexts, so that one which is broken is found before it is served. Then names are
 * made until the rows that they need most are remembered.
 *
 * @param runtime What runs it, initialised by the caller.
 * @param onBroken Is called with the reason when a model that was opened turns out to be broken. Its memory is given back.
 * @param lists The lists of the models that are opened together.
 * @throws {Error} If it cannot be served; the message is the reason.
 */
export async function openModel(
  { name, card: text, onnx, list }: ModelFiles,
  runtime: OnnxRuntime,
  onBroken: (reason: string) => void = () => {},
  lists: TrainingLists = new TrainingLists(),
): Promise<ServedModel> {
  const card = parseModelCard(text);
  if (card.name !== name) throw new Error(`${name}.json is the card of ${JSON.stringify(card.name)}`);
  if (!onnx) throw new Error(`${name}.onnx is missing`);
  await requireHash(`${name}.onnx`, onnx, card.sha256);
  const trainingNames = list ? await lists.open(list, card.dataset) : null;
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
      onnx,
      trainingNames,
      revision: (await sha256(new TextEncoder().encode(text))).slice(0, 16),
      pinned: false,
      close: () => opened.close(),
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
