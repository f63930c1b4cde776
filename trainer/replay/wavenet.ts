import { TorchGenerator } from "../../shared/random/torch.ts";
import { BOUNDARY, type Vocabulary } from "../../shared/vocabulary.ts";
import { buildNetwork, type TrainedNetwork } from "../architecture.ts";
import { mlp } from "../architectures/mlp.ts";
import { wavenet } from "../architectures/wavenet.ts";
import { stepLosses } from "../charts/step_losses.ts";
import { makeCorpus } from "../corpus.ts";
import { evaluate } from "../evaluation.ts";
import { makeExamples, type WindowExamples } from "../examples.ts";
import { type FitSettings, initialState } from "../fit.ts";
import {
  divideBy,
  mapValues,
  parameterCount,
  type Parameters,
  scaleBy,
  toTensor,
  type Weights,
} from "../parameters.ts";
import { lastLogProbs } from "../tensorflow_model.ts";
import { exact, type Figure, near, printed, printedLosses } from "./figure.ts";
import type { ReplayOptions } from "./document.ts";
import { run } from "./run.ts";

const SEED = 42;
const V = 27;
const CONTEXT = 8;
/** 0.1, and a tenth of it after three quarters of the steps. */
const RATE_FALLS = 150_000;
const FULL_STEPS = 200_000;
/** Without --full, training ends after the first two losses that the notebook prints. */
const SHORT_STEPS = 10_001;

/** The notebook on makemore's fifth part: a longer context, and the tree that joins characters in pairs. */
export async function* replayWavenet(options: ReplayOptions): AsyncGenerator<Figure> {
  const { list, plot, full } = options;
  const settings: FitSettings = {
    steps: full ? FULL_STEPS : SHORT_STEPS,
    batch: 32,
    lr: 0.1,
    schedule: (step, _steps, initial) => (step < RATE_FALLS ? initial : initial / 10),
    optimizer: "sgd",
  };

  // The examples, with a context of eight
  yield exact("words", 32033, list.lines.length);
  yield exact("longest word", 15, Math.max(...list.lines.map(({ length }) => length)));
  const corpus = makeCorpus(list);
  const { vocabulary } = corpus;
  yield exact("vocab_size", V, vocabulary.size);
  const examples = makeExamples(corpus, CONTEXT);
  for (const [split, count] of [["train", 182625], ["dev", 22655], ["test", 22866]] as const) {
    yield exact(`shape of the ${split} contexts`, [count, CONTEXT], [examples[split].count, CONTEXT]);
  }
  yield exact("first contexts", FIRST_CONTEXTS, firstContexts(examples.train, vocabulary));

  // A longer context for the flat network. Its figures are from a list of results, to three decimals.
  const flat = buildNetwork(mlp, { context: CONTEXT, norm: "calibrated", bias: false }, V);
  const generator = new TorchGenerator(SEED);
  const flatParameters = { ...flat.initialise(new TorchGenerator(SEED)), ...drawFlat(generator) };
  yield exact("parameters, flat", 22097, parameterCount(flatParameters, flat.buffers));
  if (full) {
    const start = initialState(flat, flatParameters, generator, settings);
    const { losses, state } = await run(options, "flat, context of 8", flat, examples, settings, start);
    const buffers = flat.measureBuffers!(mapValues(state.parameters, toTensor), examples.train);
    const weights = mapValues({ ...state.parameters, ...buffers }, toTensor);
    for (const [split, figure] of [["train", 1.918], ["dev", 2.027]] as const) {
      yield near(`${split} loss, flat`, figure, evaluate(flat, weights, examples[split]), 0.01);
    }
    stepLosses("flat, context of 8", losses).forEach(plot);
  }

  // The tree. One generator draws the weights, the mini-batches, and then the names.
  const small = startTree(10, 68);
  yield exact(
    "parameters, tree of 68 channels",
    22397,
    parameterCount(small.parameters, small.network.buffers),
  );
  const { network, parameters, generator: drawn } = startTree(24, 128);
  yield exact("parameters, tree of 128 channels", 76579, parameterCount(parameters, network.buffers));
  const start = initialState(network, parameters, drawn, settings);
  const { losses, state } = await run(options, "tree", network, examples, settings, start);
  yield* printedLosses("tree", TREE_LOSSES, losses);
  if (!full) return;
  stepLosses("tree", losses).forEach(plot);
  const weights = mapValues(state.parameters, toTensor);
  for (const [split, figure] of [["train", 1.7690284252166748], ["dev", 1.9936515092849731]] as const) {
    yield printed(`${split} loss of the tree`, figure, evaluate(network, weights, examples[split]));
  }
  const sampler = TorchGenerator.fromState(state.generator);
  const names = Array.from(TREE_NAMES, () => vocabulary.decode(drawName(network, weights, sampler)));
  yield exact("twenty names of the tree", TREE_NAMES, names);
}

/** A tree with the notebook's initial parameters, and the generator that drew them. */
function startTree(embedding: number, hidden: number) {
  const network = buildNetwork(wavenet, { embedding, hidden, tree: true }, V);
  const generator = new TorchGenerator(SEED);
  return { network, parameters: network.initialise(generator), generator };
}

/** The flat network's weights as this notebook draws them: without the gain of tanh, and with 0.1 for the last layer. */
function drawFlat(generator: TorchGenerator): Parameters {
  const [embedding, hidden] = [10, 200];
  const inputs = CONTEXT * embedding;
  const linear = (rows: number, columns: number) =>
    divideBy(generator.randn(rows * columns), Math.sqrt(rows));
  return {
    C: { shape: [V, embedding], values: generator.randn(V * embedding) },
    W1: { shape: [inputs, hidden], values: linear(inputs, hidden) },
    W2: { shape: [hidden, V], values: scaleBy(linear(hidden, V), 0.1) },
  };
}

/** The first twenty contexts and what follows them. */
function firstContexts(examples: WindowExamples, vocabulary: Vocabulary): string[] {
  const { tokens, targets } = examples.batch(Int32Array.from({ length: 20 }, (_, i) => i));
  return Array.from(targets, (target, i) => {
    const context = tokens.subarray(CONTEXT * i, CONTEXT * (i + 1));
    return `${vocabulary.decode(context)}->${vocabulary.symbol(target)}`;
  });
}

/** Draws the tokens of a name, each with `torch.multinomial`. */
function drawName(
  network: TrainedNetwork,
  weights: Weights,
  generator: TorchGenerator,
): number[] {
  const name: number[] = [];
  while (true) {
    const window = Int32Array.from({ length: CONTEXT }, (_, i) => name.at(i - CONTEXT) ?? BOUNDARY);
    const token = generator.multinomial(lastLogProbs(network, weights, window, 1).map(Math.exp));
    if (token === BOUNDARY) return name;
    name.push(token);
  }
}

// deno-fmt-ignore
const FIRST_CONTEXTS = [
  "........->y", ".......y->u", "......yu->h", ".....yuh->e", "....yuhe->n", "...yuhen->g", "..yuheng->.",
  "........->d", ".......d->i", "......di->o", ".....dio->n", "....dion->d", "...diond->r", "..diondr->e",
  ".diondre->.", "........->x", ".......x->a", "......xa->v", ".....xav->i", "....xavi->e",
];
// deno-fmt-ignore
const TREE_LOSSES = [
  3.3167, 2.0576, 2.0723, 2.5134, 2.1476, 1.7836, 2.2592, 1.9331, 1.6875, 2.0395,
  1.7736, 1.9570, 1.7465, 1.8126, 1.7406, 1.7466, 1.8806, 1.6266, 1.6476, 1.8555,
];
// deno-fmt-ignore
const TREE_NAMES = [
  "arlij", "chetta", "heago", "rocklei", "hendrix", "jamylie", "broxin", "denish", "anslibt", "marianah",
  "astavia", "annayve", "aniah", "jayce", "nodiel", "remita", "niyelle", "jaylene", "aiyan", "aubreana",
];
