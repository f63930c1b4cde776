import { dispose } from "@tensorflow/tfjs";
import type { Examples } from "../shared/context.ts";
import { CARD_HISTORY_POINTS, type ModelCard } from "../shared/model_card.ts";
import { TorchGenerator, type TorchGeneratorState } from "../shared/random/torch.ts";
import type { TrainedNetwork } from "./architecture.ts";
import type { DescentSettings, DescentState } from "./backend.ts";
import { type BackendName, backends } from "./backends/all.ts";
import type { Split } from "./corpus.ts";
import { evaluate, tensorFlowModel } from "./evaluate.ts";
import { optimizers } from "./optimizers.ts";
import { mapValues, type Parameters, toTensor } from "./parameters.ts";
import { type Schedule, type ScheduleName, schedules } from "./schedules.ts";

/** The dev NLL is taken at every so many points of the loss history, and at the end. */
const POINTS_PER_EVALUATION = 10;
/** How long training may keep the event loop to itself: signals are heard between. */
const MILLISECONDS_PER_TURN = 100;

/** How a network is trained. */
export interface FitSettings extends DescentSettings {
  /** How many mini-batches. */
  steps: number;
  /** The learning rate at the beginning. */
  lr: number;
  /** How the learning rate goes on. */
  schedule: ScheduleName | Schedule;
  /** What computes the steps. Default "tensorflow". */
  backend?: BackendName;
}

/** One point of a loss history. */
export type HistoryPoint = ModelCard["training"]["loss_history"][number];

/** Parameters, and how good they are. */
export interface Candidate {
  /** How many steps made them. */
  step: number;
  /** Mean NLL of the dev split, in nats a character. */
  devNll: number;
  parameters: Parameters;
}

/** A training run between two steps: with the settings and the examples, all that decides how it goes on. */
export interface FitState extends DescentState {
  /** How many steps have been made. */
  step: number;
  /** Of the generator that draws the mini-batches. */
  generator: TorchGeneratorState;
  /** The best parameters so far, by dev NLL. */
  best: Candidate | null;
  history: HistoryPoint[];
  /** Sum of the losses since the last point of the history. */
  lossSum: number;
}

/** What a run tells while it runs. */
export interface FitHooks {
  /** After each step, with its loss on its mini-batch, in nats. */
  onStep?(step: number, loss: number): void;
  /** After each evaluation of the dev split. */
  onEvaluation?(state: FitState, devNll: number): void | Promise<void>;
  /** Ends the run after the step under way. */
  signal?: AbortSignal;
}

/**
 * The state before the first step.
 *
 * @param generator Draws the mini-batches from here on.
 */
export function initialState(
  { statistics }: TrainedNetwork,
  parameters: Parameters,
  generator: TorchGenerator,
  { optimizer }: Pick<FitSettings, "optimizer">,
): FitState {
  const trained = Object.entries(parameters).filter(([name]) => !statistics.includes(name));
  const slots = mapValues(
    Object.fromEntries(trained),
    ({ shape, values }) =>
      Array.from({ length: optimizers[optimizer].slots }, () => ({
        shape,
        values: new Float32Array(values.length),
      })),
  );
  return {
    step: 0,
    parameters,
    slots,
    generator: generator.state(),
    best: null,
    history: [],
    lossSum: 0,
  };
}

/**
 * Judges parameters by the dev split, after their statistics have been measured over the training split where the network
 * asks for that.
 *
 * @throws {Error} If their NLL is not a number.
 */
export async function judge(
  network: TrainedNetwork,
  vocabularySize: number,
  { train, dev }: Pick<Record<Split, Examples>, "train" | "dev">,
  { step, parameters }: Pick<FitState, "step" | "parameters">,
): Promise<Candidate> {
  const weights = mapValues(parameters, toTensor);
  const calibrated = network.calibrate?.(weights, train) ?? {};
  Object.entries(calibrated).forEach(([name, statistic]) => {
    weights[name].dispose();
    weights[name] = toTensor(statistic);
  });
  const devNll = await evaluate(tensorFlowModel(network, weights, vocabularySize), dev);
  dispose(weights);
  if (Number.isNaN(devNll)) {
    throw new Error(`Cannot judge the weights of step ${step}: their NLL on the dev split is not a number`);
  }
  return { step, devNll, parameters: { ...parameters, ...calibrated } };
}

/**
 * Trains a network by gradient descent on random mini-batches. The same state and settings end at the same
 * parameters, whether the run is broken in between or not.
 *
 * @returns The state after the last step, or after the step in which the signal came.
 * @throws {Error} If the loss is no longer a number.
 */
export async function fit(
  network: TrainedNetwork,
  vocabularySize: number,
  examples: Pick<Record<Split, Examples>, "train" | "dev">,
  settings: FitSettings,
  state: FitState,
  { onStep, onEvaluation, signal }: FitHooks = {},
): Promise<FitState> {
  const { steps, batch, lr } = settings;
  const backend = backends[settings.backend ?? "tensorflow"];
  const schedule = typeof settings.schedule === "string" ? schedules[settings.schedule] : settings.schedule;
  const pointEvery = Math.max(1, Math.ceil(steps / CARD_HISTORY_POINTS));
  const evaluateEvery = pointEvery * POINTS_PER_EVALUATION;

  const generator = TorchGenerator.fromState(state.generator);
  const descent = await backend.start(network, vocabularySize, state, settings);
  let { step, best, lossSum } = state;
  const history = [...state.history];

  const snapshot = (): FitState => ({
    step,
    ...descent.state(),
    generator: generator.state(),
    best,
    history: [...history],
    lossSum,
  });

  const evaluateDev = async (): Promise<void> => {
    const candidate = await judge(network, vocabularySize, examples, snapshot());
    if (!best || candidate.devNll < best.devNll) best = candidate;
    const point = history.at(-1);
    if (point) point.dev_nll = candidate.devNll;
    await onEvaluation?.(snapshot(), candidate.devNll);
  };

  try {
    if (steps === 0) await evaluateDev();
    let turnEnds = performance.now() + MILLISECONDS_PER_TURN;
    while (step < steps && !signal?.aborted) {
      const examplesOfStep = batch === "all"
        ? examples.train
        : pick(examples.train, generator.randint(examples.train.count, batch));
      const loss = descent.step(examplesOfStep, schedule(step, steps, lr), step);
      if (!Number.isFinite(loss)) {
        throw new Error(
          `Cannot go on training: the loss of step ${step} is ${loss}; a smaller learning rate than ${lr} may help`,
        );
      }
      onStep?.(step, loss);
      step++;
      lossSum += loss;
      if (step % pointEvery === 0 || step === steps) {
        history.push({ step, loss: lossSum / (step % pointEvery || pointEvery) });
        lossSum = 0;
      }
      if (step % evaluateEvery === 0 || step === steps) await evaluateDev();
      if (performance.now() > turnEnds) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        turnEnds = performance.now() + MILLISECONDS_PER_TURN;
      }
    }
    return snapshot();
  } finally {
    descent.dispose();
  }
}

/** The examples of some rows. */
function pick({ contexts, targets, count }: Examples, rows: Int32Array): Examples {
  const contextLength = contexts.length / count;
  const picked = new Int32Array(rows.length * contextLength);
  rows.forEach((row, i) => {
    picked.set(contexts.subarray(row * contextLength, (row + 1) * contextLength), i * contextLength);
  });
  return { contexts: picked, targets: Int32Array.from(rows, (row) => targets[row]), count: rows.length };
}
