import { TorchGenerator } from "../../shared/random/torch.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { buildNetwork } from "../architecture.ts";
import { mlp } from "../architectures/mlp.ts";
import { WindowExamples } from "../examples.ts";
import { initialState } from "../fit.ts";
import { parameterCount } from "../parameters.ts";
import { among, exact, type Figure } from "./figure.ts";
import type { ReplayOptions } from "./document.ts";
import { run } from "./run.ts";

/** The notebook seeds a generator but does not use it, so its figures are compared with those of many seeds. */
const SEEDS = 50;

/** Short notes on makemore's second part: the shapes, why cross-entropy is computed as it is, ten steps. */
export async function* replayNotes(options: ReplayOptions): AsyncGenerator<Figure> {
  const { lines } = options.list;
  const vocabulary = Vocabulary.of(lines);
  yield exact("words", 32033, lines.length);
  const examples = new WindowExamples(lines.slice(0, 2).map((line) => vocabulary.encode(line)), 3);
  const { tokens, targets, count } = examples.all();
  yield exact("X.shape", [12, 3], [count, tokens.length / count]);
  yield exact("Y", [5, 13, 13, 1, 0, 15, 12, 9, 22, 9, 1, 0], targets);

  // Why F.cross_entropy is better: it subtracts the largest logit before exp
  const logits = [1, 2, 100];
  yield exact("exp(100) in float32", Infinity, Math.fround(Math.exp(100)));
  const shifted = Float32Array.from(logits, (logit) => Math.exp(logit - 100));
  const notebook = [1.0089e-43, 2.7465e-43, 1];
  for (const [i, figure] of notebook.entries()) {
    // Subnormal numbers are multiples of 2^-149; the notebook prints five digits.
    yield exact(`exp(${logits[i]} - 100) in float32`, figure.toPrecision(5), shifted[i].toPrecision(5));
  }

  const network = buildNetwork(mlp, { embedding: 2, hidden: 100, init: "plain" }, vocabulary.size);
  yield exact("parameters", 3481, parameterCount(network.initialise(new TorchGenerator(1))));

  // Ten full-batch steps, unseeded
  const settings = { steps: 10, batch: "all", lr: 0.1, schedule: "constant", optimizer: "sgd" } as const;
  const both = { train: examples, dev: examples };
  const runs: number[][] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const generator = new TorchGenerator(seed);
    const start = initialState(network, network.initialise(generator), generator, settings);
    runs.push((await run(options, "ten steps", network, both, settings, start)).losses);
  }
  yield among("loss of the first step, unseeded", 17.68153953552246, runs.map((losses) => losses[0]));
  yield among("loss of the tenth step, unseeded", 1.8663972616195679, runs.map((losses) => losses[9]));
}
