import { TorchGenerator } from "../../shared/random/torch.ts";
import { BOUNDARY_SYMBOL } from "../../shared/vocabulary.ts";
import { buildNetwork, type TrainedNetwork } from "../architecture.ts";
import { mlp } from "../architectures/mlp.ts";
import { embeddingScatter } from "../charts/embedding_scatter.ts";
import { learningRateCharts } from "../charts/learning_rate.ts";
import { stepLosses } from "../charts/step_losses.ts";
import { makeCorpus } from "../corpus.ts";
import { evaluate } from "../evaluation.ts";
import { makeExamples, WindowExamples } from "../examples.ts";
import { findLearningRate } from "../find_lr.ts";
import { type FitSettings, initialState } from "../fit.ts";
import { mapValues, parameterCount, type Parameters, toTensor } from "../parameters.ts";
import { lastLogProbs } from "../tensorflow_model.ts";
import { close, exact, type Figure, near, printed } from "./figure.ts";
import type { ReplayOptions } from "./document.ts";
import { run } from "./run.ts";

const SEED = 2147483647;
/** Tolerance of losses whose mini-batches the notebook drew without a seed. */
const UNSEEDED = 0.03;

/**
 * A notebook and an article on makemore's second part: the MLP overfits one batch, finds its learning rate, and becomes
 * larger.
 */
export async function* replayMlp(options: ReplayOptions): AsyncGenerator<Figure> {
  const { list, plot, progress } = options;
  const corpus = makeCorpus(list);
  const { vocabulary } = corpus;
  const symbols = [BOUNDARY_SYMBOL, ...vocabulary.characters];

  // 1. The examples of the first five words
  const firstFive = new WindowExamples(list.lines.slice(0, 5).map((line) => vocabulary.encode(line)), 3);
  yield exact("examples of words[:5]", 32, firstFive.count);
  const { tokens, targets } = firstFive.all();
  yield exact("Y", FIRST_FIVE_TARGETS, targets);
  const shown = Array.from(
    { length: 5 },
    (_, i) => `${vocabulary.decode(tokens.subarray(3 * i, 3 * i + 3))}->${vocabulary.symbol(targets[i])}`,
  );
  yield exact("contexts of emma", "...->e ..e->m .em->m emm->a mma->.", shown.join(" "));

  // 2. The network, and overfitting one batch
  const small = start(2, 100);
  yield exact("parameters, embedding 2, hidden 100", 3481, parameterCount(small.parameters));
  const untrained = mapValues(small.parameters, toTensor);
  yield printed("loss on 32 examples", 17.7697, evaluate(small.network, untrained, firstFive));
  const overfit: FitSettings = { steps: 1000, batch: "all", lr: 0.1, schedule: "constant", optimizer: "sgd" };
  const batch = { train: firstFive, dev: firstFive };
  const begin = ({ network, parameters, generator }: Start) =>
    initialState(network, parameters, generator, overfit);
  const last = await run(options, "overfitting one batch", small.network, batch, overfit, begin(small));
  yield close("loss of the 1000th step", 0.2561391294002533, last.losses[999]);
  // The notebook prints the logits that the 1000th step computed, from the weights after 999 steps.
  const before = await run(
    options,
    "overfitting one batch, 999 steps",
    small.network,
    batch,
    { ...overfit, steps: 999 },
    begin(small),
  );
  yield exact(
    "logits.max(1).indices",
    ARGMAX,
    argmax(small.network, before.state.parameters, firstFive),
  );

  // The full dataset, in mini-batches
  const all = new WindowExamples(list.lines.map((line) => vocabulary.encode(line)), 3);
  yield exact("examples of all words", 228146, all.count);
  const onAll = { train: all, dev: firstFive };
  const miniBatches: FitSettings = {
    steps: 10_000,
    batch: 32,
    lr: 0.01,
    schedule: "constant",
    optimizer: "sgd",
  };
  const tenThousand = await run(
    options,
    "10,000 steps on all words",
    small.network,
    onAll,
    miniBatches,
    begin(small),
  );
  const afterTen = mapValues(tenThousand.state.parameters, toTensor);
  yield near(
    "loss on all words after 10,000 steps",
    2.5695,
    evaluate(small.network, afterTen, all),
    UNSEEDED,
  );

  // The learning-rate finder
  const sweep = { from: -3, to: 0, steps: 1000 };
  const finderProgress = progress("learning-rate finder", sweep.steps);
  const finding = await findLearningRate(
    small.network,
    onAll,
    sweep,
    miniBatches,
    begin(small),
    finderProgress,
  );
  finderProgress.stop();
  learningRateCharts(finding).forEach(plot);
  const { smoothed, plateau } = finding;
  yield exact("the loss falls at small rates", true, smoothed[400] < 0.7 * smoothed[0]);
  yield exact("0.1 is on the plateau", true, plateau[0] <= 0.1 && 0.1 <= plateau[1]);
  yield exact("the loss rises towards rate 1", true, smoothed[999] > Math.min(...smoothed) + 0.1);

  // Train, dev and test
  const examples = makeExamples(corpus, 3);
  const { train, dev, test } = corpus.words;
  yield exact("words of train, dev, test", [25626, 3203, 3204], [train.length, dev.length, test.length]);
  yield exact(
    "examples of train, dev, test",
    [182625, 22655, 22866],
    [examples.train.count, examples.dev.count, examples.test.count],
  );

  // Longer, with a larger hidden layer, with larger embeddings
  for (const { embedding, hidden, steps, lr, schedule, parameters, losses } of TRAININGS) {
    if (steps === 200_000 && !options.full) continue;
    const title = `embedding ${embedding}, hidden ${hidden}, ${steps} steps`;
    const begun = start(embedding, hidden);
    yield exact(
      `parameters, embedding ${embedding}, hidden ${hidden}`,
      parameters,
      parameterCount(begun.parameters),
    );
    const settings: FitSettings = { steps, batch: 32, lr, schedule, optimizer: "sgd" };
    const trained = await run(options, title, begun.network, examples, settings, begin(begun));
    const weights = mapValues(trained.state.parameters, toTensor);
    yield near(
      `train loss, ${title}`,
      losses.train,
      evaluate(begun.network, weights, examples.train),
      UNSEEDED,
    );
    yield near(`dev loss, ${title}`, losses.dev, evaluate(begun.network, weights, examples.dev), UNSEEDED);
    stepLosses(title, trained.losses).forEach(plot);
    const { values } = trained.state.parameters.C;
    const places = symbols.map((_, token) => [values[token * embedding], values[token * embedding + 1]]);
    plot(embeddingScatter(symbols, places, {
      title: `Embeddings: ${title}`,
      caption:
        `Dimensions 0 and 1 of ${embedding}. Vowels are filled; the dot is the boundary of a name. Where dots would ` +
        "cover each other, they are moved, and a line leads to the place.",
      axes: ["dimension 0", "dimension 1"],
    }));
  }

  // Exercises: the loss of a uniform distribution over the characters
  yield printed("loss of a uniform guess", 3.2958, Math.log(27));
}

/** A network with the notebooks' initial parameters: normal values from the generator with seed 2147483647. */
interface Start {
  network: TrainedNetwork;
  parameters: Parameters;
  generator: TorchGenerator;
}

function start(embedding: number, hidden: number): Start {
  const network = buildNetwork(mlp, { embedding, hidden, init: "plain" }, 27);
  const generator = new TorchGenerator(SEED);
  return { network, parameters: network.initialise(generator), generator };
}

/** The likeliest token after each context. */
function argmax(
  network: TrainedNetwork,
  parameters: Parameters,
  examples: WindowExamples,
): number[] {
  const { tokens, count } = examples.all();
  const rows = lastLogProbs(network, mapValues(parameters, toTensor), tokens, count);
  return Array.from({ length: count }, (_, i) => {
    const row = rows.subarray(27 * i, 27 * i + 27);
    return row.indexOf(Math.max(...row));
  });
}

// deno-fmt-ignore
const FIRST_FIVE_TARGETS = [
  5, 13, 13, 1, 0, 15, 12, 9, 22, 9, 1, 0, 1, 22, 1, 0, 9, 19, 1, 2, 5, 12, 12, 1, 0, 19, 15, 16, 8, 9, 1, 0,
];
// deno-fmt-ignore
const ARGMAX = [
  19, 13, 13, 1, 0, 19, 12, 9, 22, 9, 1, 0, 19, 22, 1, 0, 19, 19, 1, 2, 5, 12, 12, 1, 0, 19, 15, 16, 8, 9, 1, 0,
];

/** The notebooks' trainings on the train split, and their final losses. */
// deno-fmt-ignore
const TRAININGS = [
  { embedding: 2, hidden: 100, steps: 10_000, lr: 0.01, schedule: "constant", parameters: 3481,
    losses: { train: 2.572, dev: 2.5653 } },
  { embedding: 2, hidden: 300, steps: 30_000, lr: 0.01, schedule: "constant", parameters: 10281,
    losses: { train: 2.4651, dev: 2.4563 } },
  { embedding: 10, hidden: 200, steps: 50_000, lr: 0.01, schedule: "constant", parameters: 11897,
    losses: { train: 2.4539, dev: 2.4613 } },
  { embedding: 10, hidden: 200, steps: 200_000, lr: 0.1, schedule: "step", parameters: 11897,
    losses: { train: 2.1329, dev: 2.1743 } },
] as const;
