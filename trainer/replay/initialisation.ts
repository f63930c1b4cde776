import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { TorchGenerator } from "../../shared/random/torch.ts";
import { sample } from "../../shared/sampling.ts";
import { activations } from "../activations.ts";
import { buildNetwork, type TrainedNetwork } from "../architecture.ts";
import { mlp } from "../architectures/mlp.ts";
import { activationHistograms } from "../charts/activation_histogram.ts";
import { stepLosses } from "../charts/step_losses.ts";
import { makeCorpus } from "../corpus.ts";
import { evaluate } from "../evaluation.ts";
import { makeExamples, type WindowExamples } from "../examples.ts";
import { type FitSettings, initialState, type TrainingState } from "../fit.ts";
import { mapValues, parameterCount, type Parameters, toTensor } from "../parameters.ts";
import type { Split } from "../splits.ts";
import { tensorFlowModel } from "../tensorflow_model.ts";
import { close, exact, type Figure, near, printed, printedLosses } from "./figure.ts";
import type { ReplayOptions } from "./document.ts";
import { run } from "./run.ts";

const SEED = 42;
const V = 27;
/** The notebook's settings. Without --full, training ends after the first two losses that it prints. */
const RECIPE = { batch: 32, lr: 0.1, schedule: "step", optimizer: "sgd" } as const;
const SHORT_STEPS = 10_001;
const FULL_STEPS = 200_000;

/** The notebook on makemore's third part: initialisation, and batch normalization. */
export async function* replayInitialisation(options: ReplayOptions): AsyncGenerator<Figure> {
  const { list, plot, full } = options;
  const settings: FitSettings = full
    ? { ...RECIPE, steps: FULL_STEPS }
    : { ...RECIPE, schedule: "constant", steps: SHORT_STEPS };
  yield exact("words[:8]", FIRST_EIGHT, list.lines.slice(0, 8));
  yield exact("words", 32033, list.lines.length);
  const corpus = makeCorpus(list);
  const { vocabulary } = corpus;
  yield exact("vocab_size", V, vocabulary.size);
  const examples = makeExamples(corpus, 3);
  yield exact(
    "examples of train, dev, test",
    [182625, 22655, 22866],
    [examples.train.count, examples.dev.count, examples.test.count],
  );

  // The network, its first loss, and names from it before any training
  const network = buildNetwork(mlp, {}, V);
  const parameters = network.initialise(new TorchGenerator(SEED));
  yield exact("parameters", 11897, parameterCount(parameters));
  const initial = mapValues(parameters, toTensor);
  yield close(
    "train loss of the initial network",
    3.2980921268463135,
    evaluate(network, initial, examples.train),
  );
  yield close(
    "dev loss of the initial network",
    3.2999227046966553,
    evaluate(network, initial, examples.dev),
  );
  const names = await sample(new DistributionCache(tensorFlowModel(network, initial)), vocabulary, {
    n: 20,
    seed: SEED,
    minLength: 0,
    maxLength: 256,
    draws: "torch",
  });
  yield exact("twenty names of the initial network", UNTRAINED_NAMES, names.map(({ name }) => name));
  for (const init of ["plain", "scaled"] as const) {
    const drawn = buildNetwork(mlp, { init }, V);
    const measured = await activations(drawn.initialise(new TorchGenerator(SEED)), examples.dev);
    activationHistograms(init, measured).forEach(plot);
  }

  // 200,000 steps. The generator that drew the names, with 27 doubles a character, then draws the mini-batches.
  const generator = new TorchGenerator(SEED);
  const characters = names.reduce((sum, { name }) => sum + name.length + 1, 0);
  for (let i = 0; i < V * characters; i++) generator.uniformDouble();
  const plain = await run(
    options,
    "initialisation, plain",
    network,
    examples,
    settings,
    initialState(network, parameters, generator, settings),
  );
  yield* printedLosses("plain", PLAIN_LOSSES, plain.losses);
  if (full) {
    const trained = mapValues(plain.state.parameters, toTensor);
    yield printed("train loss at the end", 2.039062023162842, evaluate(network, trained, examples.train));
    yield printed("dev loss at the end", 2.1046345233917236, evaluate(network, trained, examples.dev));
    stepLosses("initialisation, plain", plain.losses).forEach(plot);
  }

  // Batch normalization. The state of the notebook's generator is not known here, so ours starts from the seed.
  const calibrated = buildNetwork(mlp, { norm: "calibrated" }, V);
  yield exact(
    "parameters with batch normalization",
    12297,
    countTrained(calibrated, start(calibrated, settings)),
  );
  if (full) {
    const { state } = await run(
      options,
      "batch normalization",
      calibrated,
      examples,
      settings,
      start(calibrated, settings),
    );
    for (const [split, figure] of [["train", 2.0682923793792725], ["dev", 2.1103756427764893]] as const) {
      const loss = withStatisticsOf(calibrated, state.parameters, examples[split], examples[split]);
      yield near(`${split} loss with the batch's own statistics`, figure, loss, 0.01);
    }
    for (const [split, figure] of [["train", 2.0682923793792725], ["dev", 2.11044979095459]] as const) {
      const loss = withStatisticsOf(calibrated, state.parameters, examples.train, examples[split]);
      yield near(`${split} loss with calibrated statistics`, figure, loss, 0.01);
    }
  }

  // Running statistics. One generator draws the weights and then the mini-batches.
  const running = buildNetwork(mlp, { norm: "running" }, V);
  const normalized = await run(
    options,
    "batch normalization, running",
    running,
    examples,
    settings,
    start(running, settings),
  );
  yield* printedLosses("running statistics", RUNNING_LOSSES, normalized.losses);
  if (!full) return;
  stepLosses("batch normalization, running", normalized.losses).forEach(plot);
  const trained = mapValues(normalized.state.parameters, toTensor);
  const finals: [Split, number][] = [["train", 2.0680298805236816], ["dev", 2.111121892929077]];
  for (const [split, figure] of finals) {
    yield printed(
      `${split} loss with running statistics`,
      figure,
      evaluate(running, trained, examples[split]),
    );
  }
}

function start(network: TrainedNetwork, settings: FitSettings): TrainingState {
  const generator = new TorchGenerator(SEED);
  return initialState(network, network.initialise(generator), generator, settings);
}

/** Counts the numbers that are trained, without the buffers. */
function countTrained({ buffers }: TrainedNetwork, { parameters }: TrainingState): number {
  return parameterCount(parameters, buffers);
}

/** The loss of examples, normalized with the statistics of the same or of other examples. */
function withStatisticsOf(
  network: TrainedNetwork,
  parameters: Parameters,
  measured: WindowExamples,
  examples: WindowExamples,
): number {
  const buffers = network.measureBuffers!(mapValues(parameters, toTensor), measured);
  return evaluate(network, mapValues({ ...parameters, ...buffers }, toTensor), examples);
}

// deno-fmt-ignore
const FIRST_EIGHT = ["emma", "olivia", "ava", "isabella", "sophia", "charlotte", "mia", "amelia"];
// deno-fmt-ignore
const UNTRAINED_NAMES = [
  "xjuguenvtps", "fabiquedxfmubnwmsflaypglzofmwhwlxoln", "epjccuodsgjdmzu", "knxcmjjobdrggbdlpk",
  "mnqhqyjfbscvghigeaczalcvjwzajwtphjpdmquotcc", "weltxosvgkohobr", "uklnncvrigmydlsoumf", "pjjiewx",
  "lxmjuhm", "fsckbirdovhgn", "kgoktfkzuacabxa", "atodr", "bxwqzjzdqvtmdampemaqj",
  "omtafjiirvqtlfkyeumxuoxtame", "ovzqmywog", "acdtqumkorvdyxxhlsogob", "tnslwkgmnfuyccqendhln",
  "quehejojixfdirndbgcpvrsczagrtpltqc", "jsnq", "dazxygkihhnynvyfjfzgxlvkqncqgahwkig",
];
// deno-fmt-ignore
const PLAIN_LOSSES = [
  3.2844, 2.0816, 2.3091, 1.9938, 2.289, 2.2568, 2.3548, 2.433, 2.086, 2.1756,
  2.5186, 1.8009, 1.887, 2.0851, 1.8776, 2.4181, 1.8908, 1.8506, 1.8193, 2.152,
];
// deno-fmt-ignore
const RUNNING_LOSSES = [
  3.3149, 2.3311, 2.4343, 2.0402, 2.1428, 1.8935, 2.1852, 2.4852, 2.2232, 1.9615,
  2.0917, 2.2161, 1.9413, 2.1396, 1.8985, 2.2107, 2.2587, 1.7979, 2.4788, 2.1109,
];
