import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { wavenet } from "../../../trainer/architectures/wavenet.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { readList } from "../../../trainer/list_file.ts";
import { makeExamples, WindowExamples } from "../../../trainer/examples.ts";
import { fit, type FitSettings, initialState } from "../../../trainer/fit.ts";
import { parameterCount, type Parameters } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { describeWithNames } from "../../notebook_names.ts";

beforeAll(startTensorFlow);

const WORDS = ["emma", "olivia", "ava", "isabella", "sophia"];
const alphabet = new Vocabulary("abcdefghijklmnopqrstuvwxyz");

/** Makes one step on all windows of some words. */
async function step(change: (parameters: Parameters) => void = () => {}) {
  const network = buildNetwork(wavenet, { tree: true, layers: 2, embedding: 3, hidden: 5 }, alphabet.size);
  const generator = new TorchGenerator(42);
  const parameters = network.initialise(generator);
  change(parameters);
  const words = new WindowExamples(WORDS.map((word) => alphabet.encode(word)), 4);
  const settings: FitSettings = { steps: 1, batch: "all", lr: 0.1, schedule: "constant", optimizer: "sgd" };
  const losses: number[] = [];
  const state = await fit(
    network,
    { train: words, dev: words },
    settings,
    initialState(network, parameters, generator, settings),
    { onStep: (_step, loss) => losses.push(loss) },
  );
  return { words, parameters, state, loss: losses[0] };
}

describe("wavenet --tree", () => {
  test.each([[10, 68, 22_397], [24, 128, 76_579]])(
    "with embedding %i and hidden %i has the notebook's %i parameters",
    (embedding, hidden, count) => {
      const network = buildNetwork(wavenet, { tree: true, embedding, hidden }, 27);
      expect(parameterCount(network.initialise(new TorchGenerator(1)), network.buffers)).toBe(count);
    },
  );

  test("averages means and variances over all pairs of its mini-batches, as torch.nn.BatchNorm1d does", async () => {
    const { words, parameters, state } = await step();
    const { tokens } = words.all();
    const { C, "0.weight": weight } = parameters;
    const [rows, h] = weight.shape; // (2 * 3, 5)
    const z = Array.from({ length: tokens.length / 2 }, (_, pair) => {
      const embedded = [0, 1].flatMap((i) =>
        Array.from(C.values.subarray(3 * tokens[2 * pair + i], 3 * tokens[2 * pair + i] + 3))
      );
      return Array.from(
        { length: h },
        (_, j) => embedded.reduce((sum, value, i) => sum + value * weight.values[i * h + j], 0),
      );
    });
    expect(rows).toBe(6);
    for (let j = 0; j < h; j++) {
      const mean = z.reduce((sum, row) => sum + row[j], 0) / z.length;
      const variance = z.reduce((sum, row) => sum + (row[j] - mean) ** 2, 0) / (z.length - 1);
      expect(state.parameters["0.mean"].values[j]).toBeCloseTo(0.1 * mean, 6);
      expect(state.parameters["0.std"].values[j]).toBeCloseTo(Math.sqrt(0.9 + 0.1 * (variance + 1e-5)), 6);
    }
  });

  test("can be trained from embeddings that are all the same, whose variance is 0", async () => {
    const { loss } = await step(({ C }) => void C.values.fill(0.5));
    expect(loss).toBeCloseTo(Math.log(27), 5);
  });
});

describeWithNames("wavenet --tree on the notebook's list", (path) => {
  test("begins with the losses that the notebook's code has in PyTorch 1.13", async () => {
    const examples = makeExamples(makeCorpus(await readList(path)), 8);
    const network = buildNetwork(wavenet, { tree: true }, 27);
    const generator = new TorchGenerator(42);
    const settings = { steps: 3, batch: 32, lr: 0.1, schedule: "constant", optimizer: "sgd" } as const;
    const losses: number[] = [];
    const start = initialState(network, network.initialise(generator), generator, settings);
    await fit(network, { train: examples.train, dev: examples.dev.sample(32) }, settings, start, {
      onStep: (_step, loss) => losses.push(loss),
    });
    [3.316715955734253, 3.2927403450012207, 3.2275960445404053].forEach((loss, i) =>
      expect(losses[i]).toBeCloseTo(loss, 5)
    );
  });
});
