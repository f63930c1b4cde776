import { Command, Option } from "commander";
import { join } from "node:path";
import process from "node:process";
import { modelName } from "../../shared/model_card.ts";
import { MAX_NOUN_LENGTH } from "../../shared/noun.ts";
import { nounSchema } from "../../shared/noun_schema.ts";
import { findArchitecture } from "../architectures/all.ts";
import type { BackendName } from "../backends/all.ts";
import { type Checkpoint, loadCheckpoint } from "../checkpoint.ts";
import { type Corpus, type List, makeCorpus } from "../corpus.ts";
import { readList } from "../list_file.ts";
import { readCard } from "../save_model.ts";
import { type ScheduleName, schedules } from "../schedules.ts";
import { train, type TrainResult } from "../train.ts";
import { DEFAULT_OPTIONS, type TrainOptions } from "../train_options.ts";
import { architectureOption, architectureOptions, readHyperparameters } from "./architecture_options.ts";
import { decimal, givenFlags, MODELS_DIRECTORY, wholeNumber } from "./arguments.ts";
import type { CommandLine } from "./command_line.ts";
import { INTERRUPTED, InterruptedError, stoppable } from "./interrupts.ts";
import { trainingListOption } from "./model_list.ts";
import { checkOutputDirectory } from "./output_directory.ts";
import { duration, trainingProgress } from "./progress.ts";
import { addStepOptions, readStepSettings, type StepFlags } from "./step_options.ts";
import { trainFrom } from "./train_from.ts";

/** The flags of the command as commander parses them; those of architectures are text. */
interface TrainFlags
  extends Omit<TrainOptions, "hyperparameters" | "schedule" | "name" | "data" | keyof StepFlags>, StepFlags {
  name?: string;
  data?: string;
  schedule: ScheduleName;
  resume?: boolean;
  from?: string;
  [hyperparameter: string]: unknown;
}

/** Default directory of checkpoints. */
const CHECKPOINTS_DIRECTORY = "checkpoints";
/** Flags that can be combined with --resume. */
const FLAGS_OF_RESUME = ["resume", "name", "checkpoints", "overwrite"];
/** Flags that can be combined with --from. */
const FLAGS_OF_FROM = ["from", "out", "overwrite"];
/** Exit code of a training whose model is worse than a uniform guess; 1 is an error. */
const FAILED = 2;

/**
 * Training options from the flags.
 *
 * @throws {Error} If there is no list, or a value is not allowed.
 */
function readOptions(flags: TrainFlags, command: Command): TrainOptions {
  const {
    data,
    noun,
    architecture,
    steps,
    lr,
    schedule,
    warmup,
    average,
    out,
    checkpoints,
    overwrite,
  } = flags;
  if (data === undefined) throw new Error("Cannot train without a list: --data says where it is");
  const hyperparameters = readHyperparameters(findArchitecture(architecture), flags, givenFlags(command));
  const name = checkName(flags.name ?? architecture);
  return {
    name,
    noun: noun === undefined ? undefined : checkNoun(noun),
    data,
    architecture,
    hyperparameters,
    ...readStepSettings(flags),
    steps,
    lr,
    schedule,
    warmup,
    average,
    out,
    checkpoints,
    overwrite,
  };
}

/** Reads the checkpoint for `--resume`. */
function readCheckpoint(flags: TrainFlags, command: Command): Promise<Checkpoint> {
  const surplus = givenFlags(command).find((key) => !FLAGS_OF_RESUME.includes(key));
  if (surplus !== undefined) {
    throw new Error(`Cannot resume with --${surplus}: a run is resumed with the settings that it began with`);
  }
  return loadCheckpoint(flags.checkpoints, checkName(flags.name ?? flags.architecture));
}

/** `--from`: writes a downloaded model. */
async function takeFrom(flags: TrainFlags, command: Command, { nextSteps }: CommandLine): Promise<void> {
  const surplus = givenFlags(command).find((key) => !FLAGS_OF_FROM.includes(key));
  if (surplus !== undefined) {
    throw new Error(`Cannot give --from together with --${surplus}: the model has been trained`);
  }
  await checkOutputDirectory(flags.out);
  const { card, file } = await trainFrom(flags.from!, flags);
  const dev = card.nll.dev?.toFixed(4) ?? "infinite";
  console.log(`${file}: ${card.parameters} parameters, dev NLL ${dev}\n\n${nextSteps(card, flags.out)}`);
}

function checkName(name: string): string {
  const result = modelName().safeParse(name);
  if (result.success) return name;
  throw new RangeError(`Cannot call a model ${JSON.stringify(name)}: ${result.error.issues[0].message}`);
}

/**
 * A model without a name of its own must not replace one of another list, such as one that comes with edgemore.
 *
 * @throws {Error} If there is one.
 */
async function requireSameList({ name, out }: TrainOptions, list: List): Promise<void> {
  const previous = await readCard(out, name);
  if (previous === undefined || previous.dataset.sha256 === list.sha256) return;
  throw new Error(
    `Cannot write ${
      join(out, name)
    }.json: it is there, and was trained on another list, ${previous.dataset.name}; ` +
      "--name gives this model a name of its own, --overwrite replaces that one",
  );
}

function checkNoun(noun: string): string {
  const result = nounSchema().safeParse(noun.normalize("NFC"));
  if (result.success) return result.data;
  throw new RangeError(
    `Cannot set --noun to ${
      JSON.stringify(noun)
    }: it must be 1 to ${MAX_NOUN_LENGTH} letters, digits, spaces, hyphens and apostrophes, and begin with a letter or digit`,
  );
}

function resumeCommand({ name, checkpoints }: TrainOptions, { callAgain }: CommandLine): string {
  const where = checkpoints === CHECKPOINTS_DIRECTORY ? "" : ` --checkpoints ${checkpoints}`;
  return `${callAgain("train")} --resume --name ${name}${where}`;
}

/** Prints that Ctrl-C has ended the evaluation of a finished training. */
function reportInterruption(options: TrainOptions, { vocabulary }: Corpus, commandLine: CommandLine): void {
  const { learns } = findArchitecture(options.architecture).build(options.hyperparameters, vocabulary.size);
  const resume = learns === "by counting"
    ? ""
    : ` To evaluate and write it: ${resumeCommand(options, commandLine)}`;
  console.error(`Interrupted while the model was evaluated; it was not written.${resume}`);
  process.exitCode = INTERRUPTED;
}

/** Prints the outcome. */
function report(
  { card, stopped, failedAgainst, file, kept }: TrainResult,
  options: TrainOptions,
  commandLine: CommandLine,
): void {
  const { call, nextSteps } = commandLine;
  const { name, out, steps, lr } = options;
  const { parameters, nll, training } = card;
  const figure = (value: number | null) => value?.toFixed(4) ?? "infinite";
  console.log(
    `${file ?? "not written"}: ${parameters} parameters, NLL train ${figure(nll.train)}, dev ${
      figure(nll.dev)
    }, ` +
      `test ${figure(nll.test)}, ${duration(training.seconds)}`,
  );
  if (training.best_step !== undefined && training.best_step !== training.steps) {
    console.log(`Its weights are those of step ${training.best_step}, the best on the dev split.`);
  }
  const resume = resumeCommand(options, commandLine);
  if (stopped) console.log(`Stopped after ${training.steps} of ${steps} steps. To resume: ${resume}`);
  if (failedAgainst !== null) {
    const advice = training.steps === 0
      ? "It gives probability 0 to characters of its list: try --smoothing 1."
      : `Try a lower --lr (it was ${lr}; ${call("find-lr")} suggests one) or more --steps.`;
    console.error(
      `warning: training has failed: dev NLL ${
        figure(nll.dev)
      } is worse than a uniform guess over all characters, ` +
        `${figure(failedAgainst)}. ${advice}`,
    );
    process.exitCode = FAILED;
  }
  if (kept !== undefined) {
    const how = training.steps === 0 ? "--overwrite replaces it" : `To replace it: ${resume} --overwrite`;
    console.error(`warning: ${join(out, name)}.json was not replaced: ${kept}. ${how}`);
  }
  if (file !== null && failedAgainst === null) console.log(`\n${nextSteps(card, out)}`);
}

/** The command `train`. */
export function trainCommand(commandLine: CommandLine): Command {
  const { call, defaultList } = commandLine;
  const command = new Command("train")
    .description(
      "Train a model on a list, one thing a line, and write it to DIR. NAME.json is its card, which refers to its other files.",
    )
    .addOption(trainingListOption(commandLine))
    .addOption(architectureOption())
    .option("--name <name>", "name of the model (default: the name of its architecture)")
    .option(
      "--noun <plural>",
      `what the things of the list are called, at most ${MAX_NOUN_LENGTH} characters (default: the last English plural in the file's name, such as names for us-names-2018.txt, or in the model's; else things)`,
    );

  for (const option of architectureOptions()) command.addOption(option);

  return addStepOptions(command)
    .option(
      "--steps <number>",
      "training steps, one mini-batch each",
      wholeNumber(0, 1e9),
      DEFAULT_OPTIONS.steps,
    )
    .option("--lr <rate>", "learning rate at the beginning", decimal(1e-9, 1e3), DEFAULT_OPTIONS.lr)
    .addOption(
      new Option(
        "--schedule <name>",
        "how the learning rate changes: step divides it by ten after half the steps",
      )
        .choices(Object.keys(schedules)).default(DEFAULT_OPTIONS.schedule),
    )
    .option(
      "--warmup <steps>",
      "steps in which the learning rate rises evenly to that of the schedule",
      wholeNumber(0, 1e9),
      DEFAULT_OPTIONS.warmup,
    )
    .option(
      "--average <decay>",
      "keep a moving average of the weights with this decay a step, such as 0.998, in place of the last weights (default: none)",
      decimal(0, 0.99999),
    )
    .option("--out <directory>", "directory to write the model to", MODELS_DIRECTORY)
    .option(
      "--checkpoints <directory>",
      "directory of the checkpoints of stopped runs",
      CHECKPOINTS_DIRECTORY,
    )
    .option(
      "--overwrite",
      "replace a better model of this name even if training fails or is stopped; without --name, replace a model of another list",
    )
    .option(
      "--from <file>",
      "train nothing: write the model of this file, which was trained and downloaded on the page, to --out",
    )
    .option("--resume", "resume the run that was stopped under this --name, with its settings")
    .addHelpText(
      "after",
      `
Ctrl-C stops after the current step: the best model so far is written, and --resume continues the run. After the last step it
ends the evaluation: no model is written, and --resume evaluates it anew.

If the model is worse than a uniform guess over all characters, training has failed, and the exit code is 2. A model of a
failed or stopped training, or of 0 steps, does not replace one with a lower dev NLL unless --overwrite is given.

Examples:
${defaultList ? defaultExamples(call) : ""}  ${call("train")} --data pets.txt --name pets --steps 50000
  ${
        call("train")
      } --data https://example.org/names.txt --name names --context 5 --hidden 300 --schedule cosine
  ${
        call("train")
      } --data pets.txt --optimizer adamw --lr 0.002 --batch 128 --warmup 500 --schedule cosine --clip 1
  ${call("train")} --resume --name pets
  ${call("train")} --from pets.edgemore.zip           a model that was trained on the page`,
    )
    .action(async (flags: TrainFlags, command: Command) => {
      if (flags.from !== undefined) return await takeFrom(flags, command, commandLine);
      const checkpoint = flags.resume ? await readCheckpoint(flags, command) : undefined;
      const options = checkpoint
        ? { ...checkpoint.options, overwrite: flags.overwrite }
        : readOptions(flags, command);
      for (const directory of [options.out, options.checkpoints]) await checkOutputDirectory(directory);
      const list = await readList(options.data);
      if (checkpoint && checkpoint.listSha256 !== list.sha256) {
        throw new Error(`Cannot resume ${options.name}: ${options.data} has changed since the run began`);
      }
      if (!checkpoint && flags.name === undefined && !flags.overwrite) await requireSameList(options, list);
      const corpus = makeCorpus(list);
      const { words, vocabulary } = corpus;
      console.error(
        `${list.name}: ${words.train.length} lines to train on, ${words.dev.length} for dev, ` +
          `${words.test.length} for test; ${vocabulary.size - 1} different characters`,
      );

      const onBackend = (name: BackendName) =>
        name === "tensorflow" ? commandLine.startTensorFlow() : undefined;
      const progress = trainingProgress(options.steps, checkpoint?.state.step ?? 0);
      let result: TrainResult;
      try {
        result = await stoppable((signal) =>
          train(corpus, options, checkpoint, { ...progress, onBackend, signal, abandon: signal })
        );
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        progress.stop();
        return reportInterruption(options, corpus, commandLine);
      } finally {
        progress.stop();
      }
      report(result, options, commandLine);
    });
}

/** Examples that need no list. */
function defaultExamples(call: CommandLine["call"]): string {
  return `  ${
    call("train")
  }                                    the notebooks' MLP, on the list in this repository
  ${call("train")} --architecture bigram
`;
}
