import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { cardQuantiles, type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { sha256 } from "../../shared/sha256.ts";
import { sample } from "../../shared/sampling.ts";
import { TrainingNames } from "../../shared/training_names.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { Work } from "../../shared/work.ts";
import { ModelMemory, type ModelShare } from "./model_memory.ts";
import { versionOf } from "./model_store.ts";
import { type OnnxRuntime, openOnnxModel } from "./onnx_model.ts";
import { probeBeginnings } from "./probe_beginnings.ts";
import { ReopeningModel } from "./reopening_model.ts";

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
  /** Its version, which tells its card from another one of the same ONNX file. */
  version: string;
  /** Whether the request named the SHA-256 of the ONNX file, so that its answer never changes. */
  pinned: boolean;
  /**
   * Its part of the memory of all models. The model may be closed at any time: requests that have it can still use it, which opens
   * it again.
   */
  memory: ModelShare;
}

/** Opens each list once, however many models were trained on it, as long as one of them is there. */
export class TrainingLists {
  readonly #opened = new Map<string, WeakRef<TrainingNames>>();
  readonly #pause: (() => Promise<void>) | undefined;

  /** @param pause See {@link TrainingNames.open}. */
  constructor(pause?: () => Promise<void>) {
    this.#pause = pause;
  }

  /**
   * The names of a list.
   *
   * @param tried Whether it is known that it can be indexed, which then waits until it is needed.
   * @throws {Error} If it is not the list that the card describes, or cannot be indexed.
   */
  async open(
    list: Uint8Array<ArrayBuffer>,
    { name, sha256 }: ModelCard["dataset"],
    tried: boolean,
  ): Promise<TrainingNames> {
    await requireHash(name, list, sha256);
    const opened = this.#opened.get(sha256)?.deref();
    if (opened !== undefined) return opened;
    const names = tried ? new TrainingNames(list) : await TrainingNames.open(list, this.#pause);
    this.#opened.set(sha256, new WeakRef(names));
    return names;
  }
}

/** How to open a model. */
export interface OpenOptions {
  /** Called with the reason when a model that was opened turns out to be broken. Its memory is given back. */
  onBroken?: (reason: string) => void;
  /** The lists of the models that are opened together. */
  lists?: TrainingLists;
  /** The memory of all models. Default: no limit. */
  memory?: ModelMemory;
  /** Called now and then, to let others run. Default: no pauses, since a Worker may not wait in its global scope. */
  pause?: () => Promise<void>;
}

/** Bytes of memory for each byte of an ONNX file: the file, and the weights and plan of ONNX Runtime's session. */
const SESSION_FACTOR = 3;
/** Bytes of memory for each byte of a list: the list and its hash table. */
const LIST_FACTOR = 3;
/** Bytes of memory for each byte of a card's text, with all that is small. */
const CARD_FACTOR = 10;

/** What a model takes without its cache, in bytes, by estimate. */
export function estimateMemory({ card, onnx, list }: ModelFiles): number {
  return CARD_FACTOR * card.length + SESSION_FACTOR * (onnx?.length ?? 0) + LIST_FACTOR * (list?.length ?? 0);
}

/**
 * Opens a model and asks it about many contexts, so that one which is broken is found before it is served. Then names are
 * made until the rows that they need most are remembered. Both is left out for a model that the runtime has tried.
 *
 * @param runtime What runs it, initialised by the caller.
 * @throws {Error} If it cannot be served; the message is the reason.
 */
export async function openModel(
  files: ModelFiles,
  runtime: OnnxRuntime,
  { onBroken = () => {}, lists = new TrainingLists(), memory = new ModelMemory(), pause }: OpenOptions = {},
): Promise<ServedModel> {
  const { name, card: text, onnx, list } = files;
  const hash = await sha256(new TextEncoder().encode(text));
  const tried = runtime.hasTried?.(hash) ?? false;
  const card = tried ? JSON.parse(text) as ModelCard : parseModelCard(text);
  if (card.name !== name) throw new Error(`${name}.json is the card of ${JSON.stringify(card.name)}`);
  if (!onnx) throw new Error(`${name}.onnx is missing`);
  await requireHash(`${name}.onnx`, onnx, card.sha256);
  const trainingNames = list ? await lists.open(list, card.dataset, tried) : null;
  const vocabulary = new Vocabulary(card.vocabulary);
  const reasonOf = (error: Error) => `${name}.onnx cannot be run: ${error.message}`;
  const share = memory.share(estimateMemory(files));
  try {
    const open = () => {
      share.open();
      return openOnnxModel(onnx, card, runtime, tried);
    };
    const model = new ReopeningModel(await open(), open, () => share.use());
    const cache = new DistributionCache(model, {
      memory: share,
      fillRuns: true,
      onBroken(error) {
        onBroken(reasonOf(error));
        share.close();
      },
    });
    share.onTrim = () => cache.clear();
    share.onClose = () => {
      cache.clear();
      void model.close();
    };
    if (!tried) {
      // The rows that names need most come first and are close together in memory, where a processor's cache holds them.
      await sample(cache, vocabulary, { n: WARM_UP_NAMES, seed: 0, work: pause && new Work() });
      await cache.askAll(probeBeginnings(cache.contextLength, cache.vocabularySize), pause);
      await cache.prefill(pause);
    }
    return {
      card,
      vocabulary,
      cache,
      quantiles: cardQuantiles(card),
      onnx,
      trainingNames,
      version: versionOf(hash),
      pinned: false,
      memory: share,
    };
  } catch (error) {
    share.close();
    throw new Error(reasonOf(error as Error));
  }
}

/** @throws {Error} If a file is not the one whose SHA-256 the card has. */
async function requireHash(file: string, bytes: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  const digest = await sha256(bytes);
  if (digest === expected) return;
  throw new Error(`${file} is not the file that its card describes: its SHA-256 is ${digest}`);
}
