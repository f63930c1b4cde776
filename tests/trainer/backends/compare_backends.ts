import { expect } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import type { TrainedNetwork } from "../../../trainer/architecture.ts";
import type { Backend, StepSettings, StepState } from "../../../trainer/backend.ts";
import { backends } from "../../../trainer/backends/all.ts";
import type { Batch } from "../../../trainer/examples.ts";
import { initialState } from "../../../trainer/fit.ts";
import type { OptimizerName } from "../../../trainer/optimizers.ts";
import type { Parameters } from "../../../trainer/parameters.ts";

/** With these every optimizer gets somewhere in a hundred steps, and none runs away. */
export const LEARNING_RATES: Record<OptimizerName, number> = {
  sgd: 0.1,
  momentum: 0.02,
  adam: 0.003,
  adamw: 0.003,
};

/** The losses of a backend's steps, and the state that they end at. */
interface Outcome {
  losses: number[];
  state: StepState;
}

/** Makes the same steps from the same parameters with the backends tensorflow and fused. */
export async function compareBackends(
  network: TrainedNetwork,
  parameters: Parameters,
  batches: readonly Batch[],
  settings: Omit<StepSettings, "batch">,
  ours: Backend = backends.fused,
): Promise<Record<"tensorflow" | "fused", Outcome>> {
  const begin = initialState(network, parameters, new TorchGenerator(3), settings);
  const run = async (backend: Backend): Promise<Outcome> => {
    const session = await backend.start(network, begin, settings);
    const rate = LEARNING_RATES[settings.optimizer];
    const losses = batches.map((examples, step) => session.step(examples, rate, step));
    const state = session.state();
    session.dispose();
    return { losses, state };
  };
  return { tensorflow: await run(backends.tensorflow), fused: await run(ours) };
}

/** Expects the same losses, parameters and optimizer state, except for rounding. */
export function expectSameSteps({ tensorflow, fused }: Record<"tensorflow" | "fused", Outcome>): void {
  fused.losses.forEach((loss, step) => {
    expect(Math.abs(loss / tensorflow.losses[step] - 1)).toBeLessThan(1e-5);
  });
  expect(difference(fused.state.parameters, tensorflow.state.parameters)).toBeLessThan(1e-4);
  expect(difference(optimizerStateOf(fused.state), optimizerStateOf(tensorflow.state))).toBeLessThan(1e-4);
}

/** The largest difference between the same parameters. */
export function difference(ours: Parameters, theirs: Parameters): number {
  expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  let largest = 0;
  for (const [name, { shape, values }] of Object.entries(ours)) {
    expect(shape).toEqual(theirs[name].shape);
    values.forEach((value, i) => {
      const distance = Math.abs(value - theirs[name].values[i]);
      if (!(distance <= largest)) largest = distance; // NaN stays
    });
  }
  return largest;
}

/** The tensors of the optimizer state, each under a name of its own. */
function optimizerStateOf({ optimizerState }: StepState): Parameters {
  return Object.fromEntries(
    Object.entries(optimizerState).flatMap(([name, tensors]) =>
      tensors.map((tensor, i) => [`${name} ${i}`, tensor])
    ),
  );
}
