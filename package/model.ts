import { provideOnnxRuntime, WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { openModel as openServedModel, type ServedModel } from "../functions/inference/served_model.ts";
import { readName } from "../shared/bulk_scoring.ts";
import type { ModelCard } from "../shared/model_card.ts";
import { NameSearch } from "../shared/name_search.ts";
import { type NextCharacter, nextCharacters } from "../shared/next_characters.ts";
import { shareAbove } from "../shared/quantiles.ts";
import type { SampledName } from "../shared/sampler.ts";
import { type CharacterScore, type Score, scoreTokens } from "../shared/scoring.ts";
import { Work } from "../shared/work.ts";
import type { Bytes } from "./bytes.ts";
import { type ModelSource, readSource } from "./model_source.ts";
import { findWasm } from "./runtimes/node.ts";
import { readSampleOptions, type SampleOptions } from "./sample_options.ts";
import { readWasm, type WasmSource } from "./wasm_source.ts";

export type { Bytes, CharacterScore, ModelCard, ModelSource, NextCharacter, SampledName, SampleOptions };
export type { WasmSource };

/** How a model is opened. */
export interface OpenOptions {
  /**
   * Where ONNX Runtime's WebAssembly is. On Node, Deno and Bun it is found in node_modules; in a browser, beside the script of
   * ONNX Runtime, if the bundler put it there. Only the first model that is opened needs it.
   */
  wasm?: WasmSource;
}

/** How likely a thing is. */
export interface ScoredName extends Score {
  /** Whether its probability is above 0. */
  possible: boolean;
  /** The percentage of things of the list, of the part that was held out, that are less likely per character. */
  percentile: number;
}

/** Things of a batch of a stream: the first comes soon, and many come together. */
const [FIRST_BATCH, LARGEST_BATCH] = [1, 64];
/** An endless stream ends after as many batches in which everything is rejected. */
const MAX_EMPTY_BATCHES = 20;

let makeModel: (served: ServedModel) => Model;

/** The model behind a {@link Model}, for the server. */
export let servedModelOf: (model: Model) => ServedModel;

/**
 * A model that answers; {@link openModel} opens one.
 *
 * It remembers the distributions that it computed, in at most 40 MB. Many questions may be asked at once: the network computes
 * their answers together.
 */
export class Model {
  readonly #served: ServedModel;
  #closed = false;

  static {
    makeModel = (served) => new Model(served);
    servedModelOf = (model) => {
      model.#requireOpen("serve");
      return model.#served;
    };
  }

  private constructor(served: ServedModel) {
    this.#served = served;
  }

  /** The model's card: all that is known of it. */
  get card(): ModelCard {
    return this.#served.card;
  }

  /** The model's name. */
  get name(): string {
    return this.card.name;
  }

  /**
   * Makes things like those of the list.
   *
   * @returns As many as `n` says; fewer if `unique` or `novel` leave out most of what is drawn.
   * @throws {RangeError} If an option is not allowed, or the prefix has a character that the model does not know.
   *
   * @example
   * ```ts ignore
   * const names = await model.sample({ n: 5, seed: 42, temperature: 0.8 });
   * for (const { name, perplexity } of names) console.log(name, perplexity.toFixed(1));
   * ```
   */
  async sample(options: SampleOptions = {}): Promise<SampledName[]> {
    return await this.#search(options, 10).all();
  }

  /**
   * Makes things one after the other, without end unless `n` says how many. With the same seed they are those of
   * {@link sample}.
   *
   * @throws {RangeError} As {@link sample} does.
   *
   * @example
   * ```ts ignore
   * for await (const { name } of model.stream({ seed: 42, novel: true })) {
   *   console.log(name);
   *   if (name.startsWith("z")) break;
   * }
   * ```
   */
  async *stream(options: SampleOptions = {}): AsyncGenerator<SampledName, void, undefined> {
    const search = this.#search(options, Infinity);
    let empty = 0;
    for (let batch = FIRST_BATCH; !search.done && empty < MAX_EMPTY_BATCHES;) {
      this.#requireOpen("sample");
      const names = await search.next(batch);
      yield* names;
      empty = names.length === 0 ? empty + 1 : 0;
      batch = Math.min(2 * batch, LARGEST_BATCH);
    }
  }

  /**
   * Says how likely a thing is, and each of its characters.
   *
   * @throws {RangeError} If it has no characters or more than 256, or one that the model does not know.
   *
   * @example
   * ```ts ignore
   * const { perplexity, percentile } = await model.score("andrej");
   * ```
   */
  async score(name: string): Promise<ScoredName> {
    this.#requireOpen("score");
    const { cache, vocabulary, quantiles } = this.#served;
    const scored = await scoreTokens(cache, vocabulary, this.#tokensOf("score", name), new Work());
    return {
      ...scored,
      possible: scored.logLikelihood !== -Infinity,
      percentile: 100 * shareAbove(quantiles, scored.nll),
    };
  }

  /**
   * Says how likely each character is after the beginning of a thing.
   *
   * @param prefix The beginning. Default "".
   * @returns Every character, the likeliest first; "." stands for the end.
   * @throws {RangeError} If the beginning has more than 256 characters, or one that the model does not know.
   *
   * @example
   * ```ts ignore
   * const [{ character, probability }] = await model.next("mar");
   * ```
   */
  async next(prefix = ""): Promise<NextCharacter[]> {
    this.#requireOpen("predict");
    const { cache, vocabulary } = this.#served;
    return await nextCharacters(cache, vocabulary, prefix === "" ? [] : this.#tokensOf("predict", prefix));
  }

  /** Gives its memory back. It answers no more questions. */
  close(): void {
    this.#closed = true;
    this.#served.memory.close();
  }

  #search(options: SampleOptions, n: number): NameSearch {
    this.#requireOpen("sample");
    const { cache, vocabulary, trainingNames } = this.#served;
    return new NameSearch(cache, vocabulary, readSampleOptions(options, n, trainingNames));
  }

  /** @throws {RangeError} If the model cannot read the text. */
  #tokensOf(purpose: string, text: string): number[] {
    const read = readName(this.#served, text);
    if (Array.isArray(read)) return read;
    const reason = read.error.message.replace(/^The/, "the");
    throw new RangeError(`Cannot ${purpose} ${JSON.stringify(read.name)}: ${reason}`);
  }

  #requireOpen(purpose: string): void {
    if (this.#closed) throw new Error(`Cannot ${purpose}: model ${this.name} is closed`);
  }
}

let provided: Promise<void> | undefined;

/** Gives ONNX Runtime its WebAssembly, once. A failed attempt may be repeated. */
export function startOnnxRuntime(wasm?: WasmSource): Promise<void> {
  const start = async () => provideOnnxRuntime(await (wasm === undefined ? findWasm() : readWasm(wasm)));
  provided ??= start();
  provided.catch(() => provided = undefined);
  return provided;
}

/**
 * Opens a model.
 *
 * @param source Its files: the card and the ONNX file that it names, and the list, if only novel things are wanted; or the bytes
 * of a NAME.edgemore.zip.
 * @throws {Error} If a file is not the one that the card describes, or ONNX Runtime cannot run it.
 *
 * @example
 * ```ts
 * import { openModel, readModel } from "edgemore";
 *
 * const model = await openModel(await readModel("models", "gru"));
 * console.log(await model.sample({ n: 3, seed: 42 }));
 * model.close();
 * ```
 */
export async function openModel(source: ModelSource | Bytes, { wasm }: OpenOptions = {}): Promise<Model> {
  const files = await readSource(source);
  await startOnnxRuntime(wasm);
  return makeModel(await openServedModel(files, WASM_RUNTIME));
}
