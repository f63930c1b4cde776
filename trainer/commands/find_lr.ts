import { Command } from "commander";
import { TorchGenerator } from "../../shared/random/torch.ts";
import { findArchitecture } from "../architectures/all.ts";
import { makeCorpus } from "../corpus.ts";
import { readList } from "../list_file.ts";
import { makeExamples } from "../examples.ts";
import { findLearningRate, type LearningRateFinding } from "../find_lr.ts";
import { initialState } from "../fit.ts";
import { architectureOption, architectureOptions, readHyperparameters } from "./architecture_options.ts";
import { denoTask } from "./deno_task.ts";
import { decimal, givenFlags, wholeNumber } from "./arguments.ts";
import { trainingListOption } from "./model_list.ts";
import { trainingProgress } from "./progress.ts";
import { addStepOptions, readStepSettings, type StepFlags } from "./step_options.ts";

interface FindLrFlags extends StepFlags {
  data: string;
  architecture: string;
  from: number;
  to: number;
  steps: number;
  [hyperparameter: string]: unknown;
}

/** Rows of the printed chart. */
const ROWS = 13;
/** Width of its longest bar. */
const BAR = 40;

/** `deno task find-lr`. */
export const findLrCommand: Command = new Command("find-lr")
  .description("Train with a learning rate that rises from step to step, and suggest one.")
  .addOption(trainingListOption(denoTask))
  .addOption(architectureOption());

for (const option of architectureOptions()) findLrCommand.addOption(option);

addStepOptions(findLrCommand)
  .option("--from <exponent>", "log10 of the first learning rate", decimal(-12, 6), -3)
  .option("--to <exponent>", "log10 of the last", decimal(-12, 6), 0)
  .option("--steps <number>", "learning rates to try", wholeNumber(10, 1e6), 1000)
  .addHelpText(
    "after",
    `
Examples:
  deno task find-lr
  deno task find-lr --init plain --embedding 2 --hidden 100      as in the notebook
  deno task find-lr --optimizer adam --from -5 --to -1
  deno task find-lr --architecture gru --optimizer adamw --clip 1 --dropout 0.2 --batch 128 --from -5 --to -1`,
  )
  .action(async (flags: FindLrFlags, command: Command) => {
    const { from, to, steps, seed } = flags;
    if (from >= to) {
      throw new RangeError(`Cannot sweep from exponent ${from} to ${to}: --from must be below --to`);
    }
    const architecture = findArchitecture(flags.architecture);
    const corpus = makeCorpus(await readList(flags.data));
    const hyperparameters = readHyperparameters(architecture, flags, givenFlags(command));
    const network = architecture.build(hyperparameters, corpus.vocabulary.size);
    if (network.learns === "by counting") {
      throw new RangeError(
        `Cannot find a learning rate for ${architecture.name}: its parameters are counted, not trained`,
      );
    }
    const generator = new TorchGenerator(seed);
    const state = initialState(network, network.initialise(generator), generator, flags);
    const progress = trainingProgress(steps, 0, "nothing");
    try {
      const examples = makeExamples(corpus, network.contextLength);
      const sweep = { from, to, steps };
      const settings = readStepSettings(flags);
      report(await findLearningRate(network, examples, sweep, settings, state, progress));
    } finally {
      progress.stop();
    }
  });

/** Prints the smoothed loss as a bar chart, and the suggested learning rate. */
function report({ exponents, smoothed, plateau, suggestion }: LearningRateFinding): void {
  const most = Math.max(...smoothed);
  for (let i = 0; i < ROWS; i++) {
    const step = Math.round((i / (ROWS - 1)) * (smoothed.length - 1));
    const bar = "█".repeat(Math.round((BAR * smoothed[step]) / most));
    const rate = 10 ** exponents[step];
    const mark = plateau[0] <= rate && rate <= plateau[1] ? "  plateau" : "";
    console.log(
      `${rate.toPrecision(2).padStart(8)}  ${smoothed[step].toFixed(3).padStart(7)}  ${bar}${mark}`,
    );
  }
  const [low, high] = plateau.map((rate) => rate.toPrecision(2));
  console.log(
    `\nSuggested: --lr ${
      suggestion.toPrecision(2)
    }. The smoothed loss is near its lowest from ${low} to ${high}: at lower ` +
      "rates training makes no progress, at higher ones the loss rises. The suggestion is the middle of that range, by exponent.",
  );
}
