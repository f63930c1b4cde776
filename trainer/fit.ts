import {
  dispose,
  keep,
  type Scalar,
  type Tensor,
  tensor1d,
  tensor2d,
  tidy,
  valueAndGrads,
} from "@tensorflow/tfjs";
import type { Examples } from "../shared/context.ts";
import { CARD_HISTORY_POINTS, type ModelCard } from "../shared/model_card.ts";
import { TorchGenerator, type TorchGeneratorState } from "../shared/random/torch.ts";
import type { TrainedNetwork } from "./architecture.ts";
import type { Split } from "./corpus.ts";
import { evaluate, tensorFlowModel } from "./evaluate.ts";
import { type OptimizerName, optimizers } from "./optimizers.ts";
import {
  fromTensor,
  mapValues,
  type Parameter,
  type Parameters,
  toTensor,
  type Weights,
} from "./parameters.ts";
import { type ScheduleName, schedules } from "./schedules.ts";

/** The dev NLL is taken at every so many points of the loss history, and at the end. */
const POINTS_PER_EVALUATION = 10;
/** How long training may keep the event loop to itself: signals are heard between. */
const MILLISECONDS_PER_TURN = 100;

/** How a network is trained. */
export interface FitSettings {
  /** How many mini-batches. */
  steps: number;
  /** Examples in a mini-batch. */
  batch: number;
  /** The learning rate at the beginning. */
  lr: number;
  schedule: ScheduleName;
  optimizer: OptimizerName;
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
export interface FitState {
  /** How many steps have been made. */
  step: number;
  parameters: Parameters;
  /** What the optimizer remembers of each parameter. */
  slots: Record<string, Parameter[]>;
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

/** The state before the first step. */
export function initialState(
  parameters: Parameters,
  generator: TorchGenerator,
  { optimizer }: Pick<FitSettings, "optimizer">,
): FitState {
  const slots = mapValues(
    parameters,
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
 * Trains a network by gradient descent on random mini-batches. The same state and settings end at the same
 * parameters, whether the run is broken in between or not.
 *
 * @returns The state after the last step, or after the step in which the signal came.
 * @throws {Error} If the loss is no longer a number.
 */
export async function fit(
  network: TrainedNetwork,
  vocabularySize: number,
  examples: Record<Split, Examples>,
  settings: FitSettings,
  state: FitState,
  { onStep, onEvaluation, signal }: FitHooks = {},
): Promise<FitState> {
  const { steps, batch, lr } = settings;
  const schedule = schedules[settings.schedule];
  const optimizer = optimizers[settings.optimizer];
  const pointEvery = Math.max(1, Math.ceil(steps / CARD_HISTORY_POINTS));
  const evaluateEvery = pointEvery * POINTS_PER_EVALUATION;

  const generator = TorchGenerator.fromState(state.generator);
  let weights = mapValues(state.parameters, toTensor);
  let slots = mapValues(state.slots, (ofWeight) => ofWeight.map(toTensor));
  let { step, best, lossSum } = state;
  const history = [...state.history];

  const snapshot = (): FitState => ({
    step,
    parameters: mapValues(weights, fromTensor),
    slots: mapValues(slots, (ofWeight) => ofWeight.map(fromTensor)),
    generator: generator.state(),
    best,
    history: [...history],
    lossSum,
  });

  const evaluateDev = async (): Promise<void> => {
    const devNll = await evaluate(tensorFlowModel(network, weights, vocabularySize), examples.dev);
    if (!best || devNll < best.devNll) best = { step, devNll, parameters: mapValues(weights, fromTensor) };
    const point = history.at(-1);
    if (point) point.dev_nll = devNll;
    await onEvaluation?.(snapshot(), devNll);
  };

  try {
    if (steps === 0) await evaluateDev();
    let turnEnds = performance.now() + MILLISECONDS_PER_TURN;
    while (step < steps && !signal?.aborted) {
      const rows = generator.randint(examples.train.count, batch);
      const learningRate = schedule(step, steps, lr);
      const before = [...Object.values(weights), ...Object.values(slots).flat()];
      const { loss, ...after } = descend(
        network,
        weights,
        slots,
        pick(examples.train, rows),
        (update) => optimizer.update({ ...update, learningRate, step }),
      );
      dispose(before);
      ({ weights, slots } = after);
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
    dispose([weights, slots]);
  }
}

type Slots = Record<string, Tensor[]>;

/** One step: the loss of a mini-batch, its gradients, and the weights and slots after them. */
function descend(
  network: TrainedNetwork,
  weights: Weights,
  slots: Slots,
  { contexts, targets, count }: Examples,
  update: (
    update: { weight: Tensor; gradient: Tensor; slots: Tensor[] },
  ) => { weight: Tensor; slots: Tensor[] },
): { loss: number; weights: Weights; slots: Slots } {
  let loss = NaN;
  const nextWeights: Weights = {};
  const nextSlots: Slots = {};
  tidy(() => {
    const x = tensor2d(contexts, [count, network.contextLength], "int32");
    const y = tensor1d(targets, "int32");
    const names = Object.keys(weights);
    const lossOf = (...values: Tensor[]): Scalar =>
      network.loss(Object.fromEntries(names.map((name, i) => [name, values[i]])), x, y);
    const { value, grads } = valueAndGrads(lossOf)(Object.values(weights));
    loss = value.dataSync()[0];
    names.forEach((name, i) => {
      const next = update({ weight: weights[name], gradient: grads[i], slots: slots[name] });
      nextWeights[name] = keep(next.weight);
      nextSlots[name] = next.slots.map((slot) => keep(slot));
    });
  });
  return { loss, weights: nextWeights, slots: nextSlots };
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
