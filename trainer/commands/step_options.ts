import { type Command, InvalidArgumentError, Option } from "commander";
import type { StepSettings } from "../backend.ts";
import { type BackendChoice, backends } from "../backends/all.ts";
import { type OptimizerName, optimizers } from "../optimizers.ts";
import { DEFAULT_OPTIONS } from "../train_options.ts";
import { decimal, seedOption, wholeNumber } from "./arguments.ts";

/** The flags of {@link addStepOptions} as commander parses them. */
export interface StepFlags {
  batch: number | "all";
  optimizer: OptimizerName;
  weightDecay?: number;
  clip?: number;
  beta2?: number;
  dropout: number;
  backend: BackendChoice;
  workers: number;
  seed: number;
}

/** Adds the flags that say how a training step is made, for commands that train. */
export function addStepOptions(command: Command): Command {
  const batch = (text: string) => {
    if (text === "all") return text;
    try {
      return wholeNumber(1, 1_000_000)(text);
    } catch {
      throw new InvalidArgumentError("It must be a whole number from 1 to 1000000, or all.");
    }
  };
  return command
    .option(
      "--batch <number>",
      'examples in a mini-batch; "all" uses all of them in each step',
      batch,
      DEFAULT_OPTIONS.batch,
    )
    .addOption(
      new Option(
        "--optimizer <name>",
        "rule of gradient descent; adamw is adam with a weight decay of 0.01",
      ).choices(Object.keys(optimizers)).default(DEFAULT_OPTIONS.optimizer),
    )
    .option(
      "--weight-decay <share>",
      "each step takes this share, times the learning rate, off each matrix; vectors do not decay (default: 0.01 with adamw, otherwise 0)",
      decimal(0, 1e3),
    )
    .option(
      "--clip <norm>",
      "scale gradients down if their norm, of all together, is larger (default: never)",
      decimal(1e-9, 1e9),
    )
    .option("--beta2 <number>", "second beta of adam and adamw (default: 0.999)", decimal(0, 0.999999))
    .option(
      "--dropout <share>",
      "share of elements that are set to zero in training, in architectures that have dropout",
      decimal(0, 0.99),
      DEFAULT_OPTIONS.dropout,
    )
    .addOption(
      new Option(
        "--backend <name>",
        "what computes the steps: auto is fused for architectures that have a fused step, otherwise tensorflow",
      ).choices(["auto", ...Object.keys(backends)]).default(DEFAULT_OPTIONS.backend),
    )
    .option(
      "--workers <number>",
      "threads that compute a step of the backend fused, each with its part of the words; another number gives other last digits",
      wholeNumber(1, 64),
      1,
    )
    .addOption(seedOption());
}

/** How a training step is made, from the flags. */
export function readStepSettings(
  { batch, optimizer, weightDecay, clip, beta2, dropout, backend, workers, seed }: StepFlags,
): StepSettings & StepFlags & { weightDecay: number } {
  return {
    batch,
    optimizer,
    backend,
    weightDecay: weightDecay ?? optimizers[optimizer].weightDecay ?? 0,
    clip,
    beta2,
    dropout,
    workers,
    seed,
  };
}
