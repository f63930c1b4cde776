import { Command, Option } from "commander";
import { relative } from "node:path";
import process from "node:process";
import { modelName } from "../../shared/model_card.ts";
import type { Architecture, Hyperparameters } from "../architecture.ts";
import { architectures, findArchitecture } from "../architectures/all.ts";
import { type Checkpoint, loadCheckpoint } from "../checkpoint.ts";
import { makeCorpus, readList } from "../corpus.ts";
import { type OptimizerName, optimizers } from "../optimizers.ts";
import { type ScheduleName, schedules } from "../schedules.ts";
import { train, type TrainOptions, type TrainResult } from "../train.ts";
import { decimal, MODELS_DIRECTORY, wholeNumber } from "./arguments.ts";
import { DEFAULT_LIST } from "./model_list.ts";
import { duration, trainingProgress } from "./progress.ts";

/** The flags of the command, as commander reads them; those of the architectures come as text. */
interface TrainFlags extends Omit<TrainOptions, "hyperparameters" | "schedule" | "optimizer" | "name"> {
  name?: string;
  schedule: ScheduleName;
  optimizer: OptimizerName;
  resume?: boolean;
  [hyperparameter: string]: unknown;
}

/** Where checkpoints are, unless the command is told otherwise. */
const CHECKPOINTS_DIRECTORY = "checkpoints";
/** Flags that still mean something when a run goes on. */
const FLAGS_OF_RESUME = ["resume", "name", "checkpoints"];

/** The flags of all architectures, each once; what is yes or no has a flag for what is not its default. */
function architectureOptions(): Option[] {
  const options = new Map<string, { flag: string; help: string[] }>();
  for (const { name, hyperparameters } of architectures) {
    const fallbacks = hyperparameters.parse({});
    for (const [key, schema] of Object.entries(hyperparameters.shape)) {
      const fallback = fallbacks[key];
      const flag = typeof fallback !== "boolean" ? `--${key} <value>` : fallback ? `--no-${key}` : `--${key}`;
      const help = typeof fallback !== "boolean"
        ? `${name}: ${schema.description} (default: ${fallback})`
        : `${name}: ${fallback ? "no " : ""}${schema.description}`;
      options.set(key, { flag, help: [...options.get(key)?.help ?? [], help] });
    }
  }
  return Array.from(options.values(), ({ flag, help }) => new Option(flag, help.join("; ")));
}

/**
 * The hyperparameters that the flags give an architecture.
 *
 * @throws {RangeError} If a flag is not one of its own, or has a value that it does not allow.
 */
function readHyperparameters(
  { name, hyperparameters }: Architecture,
  flags: TrainFlags,
  given: readonly string[],
): Hyperparameters {
  const keys = architectures.flatMap((architecture) => Object.keys(architecture.hyperparameters.shape));
  const asked = keys.filter((key) => given.includes(key));
  const foreign = asked.find((key) => !(key in hyperparameters.shape));
  if (foreign !== undefined) {
    const own = Object.keys(hyperparameters.shape).map((key) => `--${key}`).join(", ");
    throw new RangeError(`Architecture ${name} has no --${foreign}: its flags are ${own}`);
  }
  const result = hyperparameters.safeParse(
    Object.fromEntries(asked.map((key) => [key, flagValue(flags[key])])),
  );
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const key = String(path[0]);
  throw new RangeError(`Cannot set --${key} to ${JSON.stringify(flags[key])}: ${message}`);
}

/** What a flag stands for: a number where its text is one, else itself. */
function flagValue(value: unknown): unknown {
  return typeof value !== "string" || value.trim() === "" || Number.isNaN(Number(value))
    ? value
    : Number(value);
}

/** Reads `--batch`. */
function batchSize(text: string): number | "all" {
  return text === "all" ? "all" : wholeNumber(1, 1_000_000)(text);
}

/** The names of the flags that the user gave. */
function givenFlags(command: Command): string[] {
  return command.options.map((option) => option.attributeName())
    .filter((key) => command.getOptionValueSource(key) === "cli");
}

/** The options that the flags amount to. */
function readOptions(flags: TrainFlags, command: Command): TrainOptions {
  const { data, architecture, steps, batch, lr, schedule, optimizer, weightDecay, seed, out, checkpoints } =
    flags;
  const hyperparameters = readHyperparameters(findArchitecture(architecture), flags, givenFlags(command));
  const name = checkName(flags.name ?? architecture);
  return {
    name,
    data,
    architecture,
    hyperparameters,
    steps,
    batch,
    lr,
    schedule,
    optimizer,
    weightDecay,
    seed,
    out,
    checkpoints,
  };
}

/** The checkpoint that `--resume` names. */
function readCheckpoint(flags: TrainFlags, command: Command): Promise<Checkpoint> {
  const surplus = givenFlags(command).find((key) => !FLAGS_OF_RESUME.includes(key));
  if (surplus !== undefined) {
    throw new Error(`Cannot resume with --${surplus}: a run goes on with the settings that it began with`);
  }
  return loadCheckpoint(flags.checkpoints, checkName(flags.name ?? flags.architecture));
}

function checkName(name: string): string {
  const result = modelName.safeParse(name);
  if (result.success) return name;
  throw new RangeError(`Cannot call a model ${JSON.stringify(name)}: ${result.error.issues[0].message}`);
}

/** Says what came out. */
function report({ card, stopped }: TrainResult, { name, out, checkpoints, steps }: TrainOptions): void {
  const { parameters, nll, training } = card;
  const figure = (value: number | null) => value?.toFixed(4) ?? "infinite";
  console.log(
    `${out}/${name}.onnx: ${parameters} parameters, NLL train ${figure(nll.train)}, dev ${
      figure(nll.dev)
    }, ` +
      `test ${figure(nll.test)}, ${duration(training.seconds)}`,
  );
  if (training.best_step !== undefined && training.best_step !== training.steps) {
    console.log(`Its weights are those of step ${training.best_step}, the best on the dev split.`);
  }
  if (!stopped) return;
  const where = checkpoints === CHECKPOINTS_DIRECTORY ? "" : ` --checkpoints ${checkpoints}`;
  console.log(
    `Stopped after ${training.steps} of ${steps} steps. To go on: deno task train --resume --name ${name}${where}`,
  );
}

/** `deno task train`. */
export const trainCommand: Command = new Command("train")
  .description(
    "Train a model on a list of things, one a line, and write it to DIR/NAME.onnx and DIR/NAME.json.",
  )
  .addOption(
    new Option("--data <list>", "the list: a path or an http(s) URL")
      .default(DEFAULT_LIST, `${relative(".", DEFAULT_LIST)}, names given in the United States in 2018`),
  )
  .addOption(
    new Option("--architecture <name>", "what kind of model").choices(architectures.map(({ name }) => name))
      .default("mlp"),
  )
  .option("--name <name>", "what the model is called (default: the name of its architecture)");

for (const option of architectureOptions()) trainCommand.addOption(option);

trainCommand
  .option("--steps <number>", "mini-batches", wholeNumber(0, 1e9), 200_000)
  .option("--batch <number>", 'examples in a mini-batch; "all" takes all of them in each step', batchSize, 32)
  .option("--lr <rate>", "learning rate at the beginning", decimal(1e-9, 1e3), 0.1)
  .addOption(
    new Option("--schedule <name>", "how the learning rate goes: step is a tenth after half the steps")
      .choices(Object.keys(schedules)).default("step"),
  )
  .addOption(
    new Option("--optimizer <name>", "how the gradient is followed").choices(Object.keys(optimizers))
      .default("sgd"),
  )
  .option(
    "--weight-decay <share>",
    "of each matrix, times the learning rate, taken away in a step",
    decimal(0, 1e3),
    0,
  )
  .option(
    "--seed <number>",
    "of the torch generator that draws the weights and then the mini-batches",
    wholeNumber(0, Number.MAX_SAFE_INTEGER),
    42,
  )
  .option("--out <directory>", "where the model goes", MODELS_DIRECTORY)
  .option(
    "--checkpoints <directory>",
    "where a stopped run leaves what it needs to go on",
    CHECKPOINTS_DIRECTORY,
  )
  .option("--resume", "go on with the run that was stopped under this --name, with its settings")
  .addHelpText(
    "after",
    `
Ctrl-C stops after the step under way: the best model so far is written, and --resume goes on.

Examples:
  deno task train                                    the notebooks' MLP, on the list that comes along
  deno task train --architecture bigram
  deno task train --data pets.txt --name pets --steps 50000
  deno task train --data https://example.org/names.txt --name names --context 5 --hidden 300 --schedule cosine
  deno task train --resume --name pets`,
  )
  .action(async (flags: TrainFlags, command: Command) => {
    const checkpoint = flags.resume ? await readCheckpoint(flags, command) : undefined;
    const options = checkpoint?.options ?? readOptions(flags, command);
    const list = await readList(options.data);
    if (checkpoint && checkpoint.listSha256 !== list.sha256) {
      throw new Error(`Cannot resume ${options.name}: ${options.data} has changed since the run began`);
    }
    const corpus = makeCorpus(list);
    const { words, vocabulary } = corpus;
    console.error(
      `${list.name}: ${words.train.length} lines to learn from, ${words.dev.length} for dev, ` +
        `${words.test.length} for test; ${vocabulary.size - 1} different characters`,
    );

    const stop = new AbortController();
    const onInterrupt = () => stop.abort();
    process.once("SIGINT", onInterrupt).once("SIGTERM", onInterrupt);
    const progress = trainingProgress(options.steps, checkpoint?.state.step ?? 0);
    let result: TrainResult;
    try {
      result = await train(corpus, options, checkpoint, { ...progress, signal: stop.signal });
    } finally {
      progress.stop();
      process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
    }
    report(result, options);
  });
