import type { StepState } from "../../backend.ts";
import type { Batch } from "../../examples.ts";
import { fusedKernel } from "./compile.ts";
import { KernelWorker } from "./kernel_worker.ts";
import { splitWords } from "./split_words.ts";
import { StepMemory } from "./step_memory.ts";
import type { StepPlan } from "./step_plan.ts";

/** A thread that computes its part of each mini-batch. */
export interface Helper {
  worker: KernelWorker;
  plan: StepPlan;
  memory: StepMemory;
}

/**
 * Starts threads that help with training steps, with a copy of the parameters each.
 *
 * @throws {Error} If one does not start.
 */
export async function startHelpers(
  count: number,
  relaxed: boolean,
  makePlan: () => StepPlan,
  { parameters }: StepState,
): Promise<Helper[]> {
  if (count === 0) return [];
  const module = await fusedKernel(relaxed, true);
  const workers = await Promise.all(Array.from({ length: count }, () => KernelWorker.start(module)));
  return workers.map((worker) => {
    const plan = makePlan();
    const memory = new StepMemory(worker.kernel, plan, 0);
    memory.write({ parameters, optimizerState: {} });
    return { worker, plan, memory };
  });
}

/**
 * Computes the loss of a mini-batch of words, in nats, and the gradients of all parameters in `memory`: each helper computes
 * those of its part of the words, and this thread those of the first. They are summed in the order of the helpers.
 */
export function lossAndGradientsWith(
  helpers: readonly Helper[],
  plan: StepPlan,
  memory: StepMemory,
  batch: Batch,
  step: number,
): number {
  const [own, ...others] = splitWords(batch, helpers.length + 1);
  const working = helpers.slice(0, others.length);
  working.forEach((helper, i) => {
    helper.plan.lossAndGradients(helper.memory.writeBatch(others[i], step, others[i]));
    helper.worker.run();
  });
  let loss = plan.lossAndGradients(memory.writeBatch(own, step, own));
  for (const helper of working) {
    helper.worker.wait();
    loss += helper.worker.result("crossEntropy");
    memory.addGradients(helper.memory);
  }
  return loss;
}
