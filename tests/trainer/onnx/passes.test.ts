import { beforeAll, describe, expect, test } from "vitest";
import {
  type OnnxRuntime,
  type OpenedModel,
  openOnnxModel,
} from "../../../functions/inference/onnx_model.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { DistributionCache } from "../../../shared/distribution_cache/distribution_cache.ts";
import { StateLayout } from "../../../shared/distribution_cache/states.ts";
import type { LanguageModel } from "../../../shared/language_model.ts";
import type { ModelCard } from "../../../shared/model_card.ts";
import { NameStream } from "../../../shared/random/name_stream.ts";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { logProbsOfWords } from "../../../shared/scoring.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { buildNetwork, type Hyperparameters, type TrainedNetwork } from "../../../trainer/architecture.ts";
import { findArchitecture } from "../../../trainer/architectures/all.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { mapValues } from "../../../trainer/parameters.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { WORD_CASES } from "./contract_cases.ts";

const vocabulary = new Vocabulary("abcdefghijklmnopqrstuvwxyz");
const V = vocabulary.size;
/** The boundary and the longest name. */
const LONGEST = 257;
/** Up to this many positions, every pass is tried. */
const ALL_PASSES = 32;
/** How many texts are taken along together. */
const BATCH = 3;
/** Initial weights times this: attention that differs from position to position, as after training. */
const STEEPNESS = 4;

beforeAll(startOnnxRuntime);

/** A network with large random weights, from its ONNX file. */
async function openNetwork(
  name: string,
  hyperparameters: object,
  runtime: OnnxRuntime = WASM_RUNTIME,
): Promise<OpenedModel> {
  const network = buildNetwork(findArchitecture(name), { ...hyperparameters }, V) as TrainedNetwork;
  const parameters = mapValues(network.initialise(new TorchGenerator(1)), ({ shape, values }) => ({
    shape,
    values: shape.length === 1 ? values : values.map((value) => STEEPNESS * value),
  }));
  const onnx = exportOnnx(network, parameters, { name: "a", architecture: name, vocabulary, devNll: 2.5 });
  const { states, exactPasses: exact_passes } = network;
  const card = { context_length: null, states, exact_passes, vocabulary: vocabulary.characters };
  return await openOnnxModel(onnx, card as ModelCard, runtime);
}

/** Takes texts along in passes, and keeps the states of all their positions. */
class Texts {
  readonly #layout: StateLayout;
  /** [text, position]: after a step for each position. */
  readonly states: Float32Array[][];
  readonly logProbs: Float32Array[][];

  constructor(readonly model: OpenedModel, readonly tokens: readonly (readonly number[])[]) {
    this.#layout = new StateLayout(model.states);
    this.states = tokens.map(() => []);
    this.logProbs = tokens.map(() => []);
  }

  /** The log-probabilities and states of some positions of some texts, in one pass: [text, position]. */
  async pass(count: number, before: number, time: number): Promise<[Float32Array[][], Float32Array[][]]> {
    const rows = Array.from({ length: count }, (_, i) => i);
    const tokens = Int32Array.from(rows.flatMap((i) => this.tokens[i].slice(before, before + time)));
    const past = this.#layout.gather(rows.map((i) => this.states[i].slice(0, before)), before);
    const { logProbs, present } = await this.model.step(tokens, count, past);
    const positions = Array.from({ length: time }, (_, i) => i);
    return [
      rows.map((row) => positions.map((i) => logProbs.slice((row * time + i) * V, (row * time + i + 1) * V))),
      rows.map((row) => positions.map((i) => this.#layout.extract(present, row, i, time))),
    ];
  }

  /** One more step for each text. */
  async step(): Promise<void> {
    const [logProbs, states] = await this.pass(this.tokens.length, this.states[0].length, 1);
    logProbs.forEach(([row], i) => this.logProbs[i].push(row));
    states.forEach(([state], i) => this.states[i].push(state));
  }
}

/** How many numbers have other bits. */
function differences(a: Float32Array[], b: Float32Array[]): number {
  const bits = (numbers: Float32Array) => new Uint32Array(numbers.slice().buffer);
  return a.reduce((sum, row, i) => {
    const [ours, theirs] = [bits(row), bits(b[i])];
    return sum + ours.reduce((sum, word, j) => sum + Number(word !== theirs[j]), 0);
  }, 0);
}

test("a GPU makes no passes, because it rounds otherwise", async () => {
  const { InferenceSession, Tensor } = WASM_RUNTIME;
  const gpu: OnnxRuntime = {
    InferenceSession: {
      create: (onnx, options) => InferenceSession.create(onnx, { ...options, executionProviders: ["wasm"] }),
    },
    Tensor,
    executionProvider: "webgpu",
  };
  expect((await openNetwork("transformer", { layers: 1 })).exactPasses).toBe(true);
  expect((await openNetwork("transformer", { layers: 1 }, gpu)).exactPasses).toBe(false);
});

/** Those of the contract, and heads of other sizes. */
const CASES = [
  ...WORD_CASES,
  ...[4, 20, 28, 36, 64].map((embedding) =>
    ["transformer", { layers: 1, heads: 1, embedding }] as [string, Hyperparameters]
  ),
].filter(([name, hyperparameters]) => buildNetwork(findArchitecture(name), hyperparameters, V).exactPasses);

test("the Transformer has exact passes, if the size of a head is a multiple of four up to 64", () => {
  expect(new Set(CASES.map(([name]) => name))).toEqual(new Set(["transformer"]));
  const exact = (embedding: number) =>
    buildNetwork(findArchitecture("transformer"), { embedding, heads: 2 }, V).exactPasses;
  expect([8, 10, 12, 16, 128, 136].map(exact)).toEqual([true, false, false, true, true, false]);
});

describe.each(CASES)("%s %j", (name, hyperparameters) => {
  test("gives the same bits in passes as in steps, however long, and whatever the batch", async () => {
    const model = await openNetwork(name, hyperparameters);
    const stream = new NameStream(1, 0);
    const letters = () => Array.from({ length: LONGEST - 1 }, () => 1 + Math.floor(26 * stream.uniform()));
    const texts = new Texts(model, Array.from({ length: BATCH }, () => [0, ...letters()]));
    for (let position = 0; position < LONGEST; position++) await texts.step();

    let different = 0;
    const compare = async (count: number, before: number, time: number) => {
      const [logProbs, states] = await texts.pass(count, before, time);
      for (let i = 0; i < count; i++) {
        different += differences(logProbs[i], texts.logProbs[i].slice(before, before + time));
        different += differences(states[i], texts.states[i].slice(before, before + time));
      }
    };
    for (let after = 1; after <= ALL_PASSES; after++) {
      for (let before = 0; before < after; before++) await compare(1 + after % BATCH, before, after - before);
    }
    for (let before = 0; before < LONGEST; before += 17) await compare(BATCH, before, LONGEST - before);
    for (let after = 1; after <= LONGEST; after += 7) await compare(1, 0, after);
    expect(different).toBe(0);
    await model.close();
  });

  test("scores words with the same bits in passes as in steps", async () => {
    const model = await openNetwork(name, hyperparameters);
    const { vocabularySize, contextLength, states } = model;
    let runs = 0;
    const step: LanguageModel["step"] = (...inputs) => {
      runs++;
      return model.step(...inputs);
    };
    const cacheOf = (exactPasses: boolean) =>
      new DistributionCache({ vocabularySize, contextLength, states, exactPasses, step });
    const words = (await readList(DEFAULT_LIST)).lines.slice(0, 200).map((word) => vocabulary.encode(word));
    const steps = await logProbsOfWords(cacheOf(false), words);
    expect(await logProbsOfWords(cacheOf(true), words)).toEqual(steps);
    const cache = cacheOf(true);
    for (const [i, word] of words.entries()) {
      runs = 0;
      expect(await logProbsOfWords(cache, [word])).toEqual([steps[i]]);
      expect(runs).toBeLessThanOrEqual(1);
    }
    await model.close();
  });
});
