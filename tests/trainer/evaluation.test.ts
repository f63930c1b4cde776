import { tensor2d } from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../shared/random/torch.ts";
import { buildNetwork } from "../../trainer/architecture.ts";
import { bigram } from "../../trainer/architectures/bigram.ts";
import { mlp, type MlpHyperparameters } from "../../trainer/architectures/mlp.ts";
import { backends, evaluationBackend } from "../../trainer/backends/all.ts";
import { makeCorpus } from "../../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../../trainer/list_file.ts";
import {
  calibrationSample,
  evaluateCheckpoint,
  evaluateSplits,
  evaluationSamples,
  logProbs,
  targetLosses,
} from "../../trainer/evaluation.ts";
import { loadModel } from "../../trainer/load_model.ts";
import { makeExamples, WindowExamples, WordExamples } from "../../trainer/examples.ts";
import { mapValues, type Parameters, readValues, toTensor } from "../../trainer/parameters.ts";
import { startTensorFlow } from "../../trainer/tensorflow.ts";

beforeAll(startTensorFlow);

const corpus = makeCorpus(await readList(DEFAULT_LIST));
const examples = makeExamples(corpus, 3);

/** A network of plain initial weights, so that its logits differ, and with buffers that are not those of its examples. */
function untrained(changes: Partial<MlpHyperparameters>) {
  const network = buildNetwork(mlp, { init: "plain", hidden: 30, ...changes }, corpus.vocabulary.size);
  const generator = new TorchGenerator(5);
  const parameters: Parameters = network.initialise(generator);
  for (const name of network.buffers) {
    const { shape, values } = parameters[name];
    parameters[name] = { shape, values: generator.randn(values.length).map((value) => 1 + value * value) };
  }
  return { network, parameters };
}

/** The largest of the differences, as a share of 1 + the value. */
function difference(ours: Float32Array, theirs: Float32Array): number {
  expect(ours.length).toBe(theirs.length);
  return ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]) / (1 + theirs[i])), 0);
}

test("an evaluation that computes each window once has the bits of one that computes each example", async () => {
  const { network, parameters } = untrained({});
  const weights = mapValues(parameters, toTensor);
  const expected = [...examples.dev.batches()].flatMap(({ tokens, targets, count }) => {
    const rows = readValues(() => logProbs(network, weights, tensor2d(tokens, [count, 3], "int32")));
    return Array.from(targets, (target, i) => -rows[i * network.vocabularySize + target]);
  });
  const evaluator = await backends.tensorflow.evaluator(network, parameters);
  expect(targetLosses(evaluator, examples.dev)).toEqual(Float32Array.from(expected));
});

describe("The fused evaluation", () => {
  test.each<Partial<MlpHyperparameters>>([
    {},
    { direct: true, hidden: 21, embedding: 3 },
    { norm: "running", bias: false },
    { norm: "calibrated", bias: false, hidden: 21 },
  ])("of %j is that of tensorflow", async (changes) => {
    const { network, parameters } = untrained(changes);
    const fused = await backends.fused.evaluator(network, parameters);
    const tensorflow = await backends.tensorflow.evaluator(network, parameters);
    expect(difference(targetLosses(fused, examples.dev), targetLosses(tensorflow, examples.dev)))
      .toBeLessThan(1e-5);
    const [ours, theirs] = [fused.measureBuffers(examples.train), tensorflow.measureBuffers(examples.train)];
    expect(Object.keys(ours)).toEqual(changes.norm === "calibrated" ? ["mean", "std"] : []);
    for (const [name, { values, shape }] of Object.entries(ours)) {
      expect(shape).toEqual(theirs[name].shape);
      values.forEach((value, i) => expect(Math.abs(value - theirs[name].values[i])).toBeLessThan(1e-5));
    }
    expect(difference(targetLosses(fused, examples.test), targetLosses(tensorflow, examples.test)))
      .toBeLessThan(1e-5);
    fused.dispose();
    tensorflow.dispose();
  });

  test("measures the mean and deviation of the examples, each counted as often as it occurs", async () => {
    const { network, parameters } = untrained({ norm: "calibrated", bias: false, hidden: 5 });
    const few = new WindowExamples(corpus.words.dev.slice(0, 200), 3);
    const { mean, std } = (await backends.fused.evaluator(network, parameters)).measureBuffers(few);
    const { C, W1 } = parameters;
    const { tokens } = few.all();
    for (let unit = 0; unit < 5; unit++) {
      const inputs = Array.from(
        { length: few.count },
        (_, i) =>
          [...tokens.slice(3 * i, 3 * i + 3)].flatMap((
            token,
          ) => [...C.values.slice(10 * token, 10 * token + 10)])
            .reduce((sum, value, row) => sum + value * W1.values[5 * row + unit], 0),
      );
      const average = inputs.reduce((a, b) => a + b) / few.count;
      const variance = inputs.reduce((sum, value) => sum + (value - average) ** 2, 0) / (few.count - 1);
      expect(mean.values[unit]).toBeCloseTo(average, 5);
      expect(std.values[unit]).toBeCloseTo(Math.sqrt(variance), 5);
    }
  });
});

describe("The size of an evaluation", () => {
  const words = Array.from(
    { length: 60_000 },
    (_, i) => [1 + (i % 20), 1 + (i % 7), 1 + (i % 3), 1 + (i % 2)],
  );
  const large = { train: new WindowExamples(words, 3), dev: new WindowExamples(words.slice(0, 8000), 3) };

  test("is the whole of a list as large as the one in this repository", () => {
    const { train, dev } = evaluationSamples(examples);
    expect(train).toBe(examples.train);
    expect(dev).toBe(examples.dev);
    expect(calibrationSample(examples.train)).toBe(examples.train);
  });

  test("is bounded for a larger list, in windows and in words", () => {
    const samples = evaluationSamples(large);
    expect(samples.train.targetCount).toBe(2 ** 15);
    expect(samples.dev.targetCount).toBe(2 ** 15);
    expect(calibrationSample(large.train).targetCount).toBe(2 ** 18);
    const ofWords = evaluationSamples({ train: new WordExamples(words), dev: new WordExamples(words) });
    for (const { targetCount } of [ofWords.train, ofWords.dev]) {
      expect(targetCount).toBeLessThanOrEqual(2 ** 15);
      expect(targetCount).toBeGreaterThan(2 ** 15 - 10);
    }
  });

  test("of a sample selects as the whole split would: the NLLs are near", async () => {
    const { network, parameters } = untrained({ norm: "calibrated", bias: false });
    const checkpoint = { step: 1, parameters };
    const sampled = await evaluateCheckpoint(network, evaluationSamples(large), checkpoint, backends.fused);
    const whole = await evaluateCheckpoint(network, large, checkpoint, backends.fused);
    expect(Math.abs(sampled.devNll / whole.devNll - 1)).toBeLessThan(0.01);
    expect(sampled.devNll).not.toBe(whole.devNll);
  });
});

test("an evaluation is fused if the parameters are those of the plan", () => {
  const { network, parameters } = untrained({ norm: "calibrated" });
  expect(evaluationBackend(network, parameters)).toBe(backends.fused);
  expect(evaluationBackend({ ...network, planStep: undefined }, parameters)).toBe(backends.tensorflow);
  // An exported model has its batch normalization folded into W1.
  const { gain: _gain, shift: _shift, mean: _mean, std: _std, ...folded } = parameters;
  expect(evaluationBackend(network, folded)).toBe(backends.tensorflow);
});

test("the evaluation of an exported GRU is fused, although its file has a constant that is no parameter", async () => {
  const { card, network, parameters } = await loadModel("models", "gru");
  expect(Object.keys(parameters)).toContain("no_recurrent_bias");
  const backend = evaluationBackend(network, parameters);
  expect(backend).toBe(backends.fused);
  const evaluator = await backend.evaluator(network, parameters);
  const { dev } = makeExamples(corpus, network.contextLength);
  const losses = targetLosses(evaluator, dev);
  expect(losses.reduce((sum, loss) => sum + loss, 0) / losses.length).toBeCloseTo(card.nll.dev!, 5);
});

test("what was counted is looked up, with the bits of TensorFlow.js", async () => {
  const network = buildNetwork(bigram, {}, corpus.vocabulary.size);
  const { train, dev } = makeExamples(corpus, 1);
  const parameters = network.count(train);
  const lookUps = await evaluationBackend(network, parameters).evaluator(network, parameters);
  const reference = await backends.tensorflow.evaluator(network, parameters);
  expect(targetLosses(lookUps, dev)).toEqual(targetLosses(reference, dev));
  const tokens = Int32Array.of(0, 5, 13);
  expect(lookUps.lastLogProbs(tokens, 3)).toEqual(reference.lastLogProbs(tokens, 3));
});

test("evaluateSplits says how far it is, and scores the words of the dev split", async () => {
  const { network, parameters } = untrained({});
  const seen: number[] = [];
  let all = 0;
  const evaluator = await backends.tensorflow.evaluator(network, parameters);
  const { nll, devWords } = await evaluateSplits(evaluator, examples, corpus.words, (evaluated, total) => {
    seen.push(evaluated);
    all = total;
  });
  expect(all).toBe(examples.train.count + examples.dev.count + examples.test.count);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(all);
  const { dev } = corpus.words;
  expect(devWords).toHaveLength(dev.length);
  const total = devWords.reduce((sum, nll, i) => sum + nll * (dev[i].length + 1), 0);
  expect(total / examples.dev.count).toBeCloseTo(nll.dev, 10);
});
