import { CARD_HISTORY_POINTS, type ModelCard } from "../shared/model_card.ts";
import { TorchGenerator, type TorchGeneratorState } from "../shared/random/torch.ts";
import type { TrainedNetwork } from "./architecture.ts";
import type { StepSettings, StepState } from "./backend.ts";
import { type BackendName, backends, evaluationBackend } from "./backends/all.ts";
import {
  evaluateCheckpoint,
  type EvaluatedCheckpoint,
  evaluationSamples,
  MILLISECONDS_PER_TURN,
} from "./evaluation.ts";
import type { Examples } from "./examples.ts";
import { optimizers } from "./optimizers.ts";
import { mapValues, type Parameters } from "./parameters.ts";
import { type Schedule, type ScheduleName, schedules, warmUp } from "./schedules.ts";
import type { Split } from "./splits.ts";
import { averageWeights, STEPS_PER_AVERAGING, type WeightAverage } from "./weight_average.ts";

/** The dev split, or a sample of it, is evaluated at every tenth point of the loss history, and at the end. */
const POINTS_PER_EVALUATION = 10;

/** How a network is trained. */
export interface FitSettings extends StepSettings {
  /** Mini-batches to train on. */
  steps: number;
  /** Learning rate at the beginning. */
  lr: number;
  /** How the learning rate changes. */
  schedule: ScheduleName | Schedule;
  /** Steps in which the learning rate rises to that of the schedule. Default 0. */
  warmup?: number;
  /**
   * Evaluate and keep a moving average of the parameters with this decay a step, below 1, in place of those of the last
   * step; see `weight_average.ts`. Default 0: none.
   */
  average?: number;
  /** What computes the steps. Default "tensorflow". */
  backend?: BackendName;
}

/** One point of a loss history. */
export type HistoryPoint = ModelCard["training"]["loss_history"][number];

/** A training run between two steps. With the settings and the examples it determines all that follows. */
export interface TrainingState extends StepState {
  /** Steps that were made. */
  step: number;
  /** State of the generator that draws the mini-batches. */
  generator: TorchGeneratorState;
  /** The average of the parameters, if the run takes one. */
  average?: WeightAverage;
  /** The best parameters so far, by dev NLL. */
  best: EvaluatedCheckpoint | null;
  history: HistoryPoint[];
  /** Sum of the losses since the last point of the history. */
  lossSum: number;
}

/** A run that goes on. */
export interface RunningFit {
  /** Steps that were made. */
  step: number;
  history: readonly HistoryPoint[];
  /** Copies the parameters that the run has come to. */
  parameters(): Parameters;
}

/** Callbacks of a run. */
export interface FitHooks {
  /** Called after each step with the loss of its mini-batch, in nats. */
  onStep?(step: number, loss: number): void;
  /** Called after each evaluation of the dev split, or of a sample of it. */
  onEvaluation?(state: TrainingState, devNll: number): void | Promise<void>;
  /** Called about every tenth of a second, when training yields to the event loop, and after the last step. */
  onTurn?(run: RunningFit): void | Promise<void>;
  /** Ends the run after the current step. */
  signal?: AbortSignal;
}

/**
 * The state before the first step.
 *
 * @param generator Draws the mini-batches from here on.
 */
export function initialState(
  { buffers }: TrainedNetwork,
  parameters: Parameters,
  generator: TorchGenerator,
  { optimizer }: Pick<FitSettings, "optimizer">,
): TrainingState {
  const trained = Object.entries(parameters).filter(([name]) => !buffers.includes(name));
  const optimizerState = mapValues(
    Object.fromEntries(trained),
    ({ shape, values }) =>
      Array.from({ length: optimizers[optimizer].stateTensors }, () => ({
        shape,
        values: new Float32Array(values.length),
      })),
  );
  return {
    step: 0,
    parameters,
    optimizerState,
    generator: generator.state(),
    best: null,
    history: [],
    lossSum: 0,
  };
}

/** The parameters that a run has come to: their average, if it takes one. */
export function resultOf({ average, parameters }: Pick<TrainingState, "average" | "parameters">): Parameters {
  return average?.parameters ?? parameters;
}

/**
 * Trains a network by gradient descent on random mini-batches. The same state and settings give the same parameters,
 * whether or not the run is interrupted and resumed.
 *
 * @returns The state after the last step, or after the step in which the signal came.
 * @throws {Error} If the loss is not a finite number.
 */
export async function fit(
  network: TrainedNetwork,
  examples: Pick<Record<Split, Examples>, "train" | "dev">,
  settings: FitSettings,
  state: TrainingState,
  { onStep, onEvaluation, onTurn, signal }: FitHooks = {},
): Promise<TrainingState> {
  const { steps, batch, lr } = settings;
  const backend = backends[settings.backend ?? "tensorflow"];
  const named = typeof settings.schedule === "string" ? schedules[settings.schedule] : settings.schedule;
  const schedule = warmUp(named, settings.warmup ?? 0);
  const pointEvery = Math.max(1, Math.ceil(steps / CARD_HISTORY_POINTS));
  const evaluateEvery = pointEvery * POINTS_PER_EVALUATION;

  const generator = TorchGenerator.fromState(state.generator);
  const samples = evaluationSamples(examples);
  const evaluating = evaluationBackend(network, state.parameters);
  const session = await backend.start(network, state, settings);
  const all = batch === "all" ? examples.train.all() : undefined;
  let { step, best, lossSum, average } = state;
  const history = [...state.history];

  const snapshot = (): TrainingState => ({
    step,
    ...session.state(),
    generator: generator.state(),
    ...(average && { average }),
    best,
    history: [...history],
    lossSum,
  });

  const evaluateDev = async (): Promise<void> => {
    const checkpoint = { step, parameters: resultOf(snapshot()) };
    const evaluated = await evaluateCheckpoint(network, samples, checkpoint, evaluating);
    if (!best || evaluated.devNll < best.devNll) best = evaluated;
    const point = history.at(-1);
    if (point) point.dev_nll = evaluated.devNll;
    await onEvaluation?.(snapshot(), evaluated.devNll);
  };

  try {
    if (steps === 0) await evaluateDev();
    let turnEnds = performance.now() + MILLISECONDS_PER_TURN;
    while (step < steps && !signal?.aborted) {
      const miniBatch = all ?? examples.train.batch(generator.randint(examples.train.count, batch as number));
      const loss = session.step(miniBatch, schedule(step, steps, lr), step);
      if (!Number.isFinite(loss)) {
        throw new Error(
          `Cannot go on training: the loss of step ${step} is ${loss}; a smaller learning rate than ${lr} may help`,
        );
      }
      onStep?.(step, loss);
      step++;
      if (settings.average && step % STEPS_PER_AVERAGING === 0) {
        average = averageWeights(average, session.state().parameters, settings.average);
      }
      lossSum += loss;
      if (step % pointEvery === 0 || step === steps) {
        history.push({ step, loss: lossSum / (step % pointEvery || pointEvery) });
        lossSum = 0;
      }
      if (step % evaluateEvery === 0 || step === steps) await evaluateDev();
      if (performance.now() > turnEnds || step === steps) {
        await onTurn?.({ step, history, parameters: () => resultOf(snapshot()) });
        await new Promise((resolve) => setTimeout(resolve, 1));
        turnEnds = performance.now() + MILLISECONDS_PER_TURN;
      }
    }
    return snapshot();
  } finally {
    session.dispose();
  }
}
