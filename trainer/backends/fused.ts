import type { TrainedNetwork } from "../architecture.ts";
import type { Backend } from "../backend.ts";
import { type OptimizerName, optimizers } from "../optimizers.ts";
import { fusedKernel } from "./fused/compile.ts";
import type { Kernel } from "./fused/kernel.ts";
import { hasRelaxedSimd, hasSimd } from "./fused/simd.ts";
import { bytesOfPlan, StepMemory } from "./fused/step_memory.ts";
import { StepPlan } from "./fused/step_plan.ts";

/** Larger networks are left to TensorFlow.js: WebAssembly's memory ends at 4 GiB. */
const MAX_BYTES = 2 ** 31;

/**
 * Trains networks that have a plan of their step (`TrainedNetwork.planStep`), in WebAssembly with SIMD: loss, gradients
 * and update. It is several times as fast as the backend `tensorflow`, with the same losses except for rounding.
 *
 * The same seed gives the same bits on the same kind of machine. Processors that cannot multiply and add with one
 * rounding give other last bits.
 */
export const fused: Backend = fusedBackend(hasRelaxedSimd());

/**
 * The backend with a chosen kernel.
 *
 * @param relaxed Use relaxed SIMD, which not every WebAssembly has.
 */
export function fusedBackend(relaxed: boolean): Backend {
  return {
    unsupportedReason(network, { batch, optimizer }) {
      const plan = planOf(network);
      if (!plan) return "this architecture has no fused step";
      if (batch === "all") return "it takes mini-batches, not all examples at once";
      if (!hasSimd()) return "this machine's WebAssembly has no SIMD";
      const bytes = bytesOfPlan(plan, batch, optimizers[optimizer].stateTensors);
      if (bytes > MAX_BYTES) return `it has no room for ${Math.ceil(bytes / 2 ** 30)} GiB`;
      return undefined;
    },

    async start(network, state, { optimizer, weightDecay = 0 }) {
      const plan = planOf(network);
      if (!plan) throw new TypeError("Cannot start the fused step: the network has no plan of it");
      const { exports } = await WebAssembly.instantiate(await fusedKernel(relaxed));
      const kernel = exports as unknown as Kernel;
      const memory = new StepMemory(kernel, plan, optimizers[optimizer].stateTensors);
      memory.write(state);
      const { begin, vectors, end } = memory.trained;
      const update = updates[optimizer];
      return {
        step(batch, learningRate, step) {
          const loss = plan.lossAndGradients(memory.writeBatch(batch));
          update(kernel, memory, {
            begin,
            end: vectors,
            learningRate,
            keep: 1 - learningRate * weightDecay,
            step,
          });
          update(kernel, memory, { begin: vectors, end, learningRate, keep: 1, step });
          return loss;
        },
        state: () => memory.read(state),
        dispose() {},
      };
    },
  };
}

/** The plan of a network's step, or undefined if its architecture has none. */
function planOf(network: TrainedNetwork): StepPlan | undefined {
  if (!network.planStep) return undefined;
  const plan = new StepPlan(network.contextLength);
  plan.crossEntropy(network.planStep(plan));
  return plan;
}

/** An update of the parameters from address `begin` to `end`, of which the weight decay leaves the share `keep`. */
type Update = (
  kernel: Kernel,
  memory: StepMemory,
  range: { begin: number; end: number; learningRate: number; keep: number; step: number },
) => void;

/** The updates of `../optimizers.ts`. */
const updates: Record<OptimizerName, Update> = {
  sgd: (kernel, { toGradient }, { begin, end, learningRate, keep }) =>
    kernel.sgd(begin, end, toGradient, learningRate, keep),
  momentum: (kernel, { toGradient, toOptimizerState: [toVelocity] }, { begin, end, learningRate, keep }) =>
    kernel.momentum(begin, end, toGradient, learningRate, keep, toVelocity),
  adam: (kernel, { toGradient, toOptimizerState }, { begin, end, learningRate, keep, step }) => {
    const [toMean, toVariance] = toOptimizerState;
    const corrections = [1 - 0.9 ** (step + 1), 1 - 0.999 ** (step + 1)] as const;
    kernel.adam(begin, end, toGradient, learningRate, keep, toMean, toVariance, ...corrections);
  },
};
