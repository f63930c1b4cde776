import type { TrainedNetwork } from "../architecture.ts";
import { type Backend, clipFactor, type Evaluator } from "../backend.ts";
import { type ColumnPart, columnStatistics } from "../column_statistics.ts";
import type { Dropout } from "../dropout.ts";
import { type EvaluationBatch, IGNORED } from "../examples.ts";
import { BETA2, type OptimizerName, optimizers } from "../optimizers.ts";
import type { Parameters } from "../parameters.ts";
import { fusedKernel } from "./fused/compile.ts";
import { lossAndGradientsWith, startHelpers } from "./fused/helpers.ts";
import type { Kernel } from "./fused/kernel.ts";
import { hasRelaxedSimd, hasSimd } from "./fused/simd.ts";
import { bytesOfPlan, StepMemory } from "./fused/step_memory.ts";
import { WORD } from "./fused/region.ts";
import { StepPlan } from "./fused/step_plan.ts";
import type { StepRun } from "./fused/step_run.ts";

/** Larger networks are left to TensorFlow.js: WebAssembly's memory ends at 4 GiB. */
const MAX_BYTES = 2 ** 31;

/**
 * Trains networks that have a plan of their step (`TrainedNetwork.planStep`), in WebAssembly with SIMD: loss, gradients
 * and update. It is several times as fast as the backend `tensorflow`, with the same losses except for rounding.
 *
 * The same seed and number of workers give the same bits on the same kind of machine. Processors that cannot multiply and add with one
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
    unsupportedReason(network, { batch, optimizer, dropout = 0, workers = 1 }) {
      const plan = planOf(network, { share: dropout, seed: 0 });
      if (!plan) return "this architecture has no fused step";
      if (batch === "all") return "it takes mini-batches, not all examples at once";
      if (!hasSimd()) return "this machine's WebAssembly has no SIMD";
      if (workers > 1) {
        if (plan.contextLength !== null) return "only mini-batches of whole words are split among workers";
        if (plan.normalizations.length > 0) return "batch normalization needs the whole mini-batch";
        if (batch < workers) return `a mini-batch of ${batch} has less than a word for each`;
      }
      const bytes = bytesOfPlan(plan, batch, optimizers[optimizer].stateTensors);
      if (bytes > MAX_BYTES) return `it has no room for ${Math.ceil(bytes / 2 ** 30)} GiB`;
      return undefined;
    },

    async start(
      network,
      state,
      { optimizer, weightDecay = 0, clip, beta2 = BETA2, dropout = 0, seed = 0, workers = 1 },
    ) {
      const makePlan = () => planOf(network, { share: dropout, seed });
      const plan = makePlan();
      if (!plan) throw new TypeError("Cannot start the fused step: the network has no plan of it");
      const { exports } = await WebAssembly.instantiate(await fusedKernel(relaxed));
      const kernel = exports as unknown as Kernel;
      const memory = new StepMemory(kernel, plan, optimizers[optimizer].stateTensors, workers > 1);
      memory.write(state);
      const helpers = await startHelpers(workers - 1, relaxed, () => makePlan()!, state);
      const { begin, vectors, end } = memory.trained;
      const update = updates[optimizer];
      return {
        step(batch, learningRate, step) {
          const loss = helpers.length > 0
            ? lossAndGradientsWith(helpers, plan, memory, batch, step)
            : plan.lossAndGradients(memory.writeBatch(batch, step));
          if (clip !== undefined) {
            const [first, last] = [begin + memory.toGradient, end + memory.toGradient];
            const factor = clipFactor(Math.sqrt(kernel.sumOfSquares(first, last)), clip);
            if (factor < 1) kernel.scale(first, last, factor);
          }
          const rule = { learningRate, beta2, step };
          update(kernel, memory, { ...rule, begin, end: vectors, keep: 1 - learningRate * weightDecay });
          update(kernel, memory, { ...rule, begin: vectors, end, keep: 1 });
          for (const helper of helpers) helper.memory.copyParameters(memory);
          return loss;
        },
        state: () => memory.read(state),
        dispose() {
          for (const { worker } of helpers) worker.stop();
        },
      };
    },

    async evaluator(network, parameters) {
      const plan = network.learns === "by gradient descent" ? planOf(network) : undefined;
      if (!plan) {
        throw new TypeError("Cannot start the fused evaluation: the network has no plan of its step");
      }
      const { exports } = await WebAssembly.instantiate(await fusedKernel(relaxed));
      const memory = new StepMemory(exports as unknown as Kernel, plan, 0);
      const planned = plannedNames(plan).map((name) => [name, parameters[name]]);
      memory.write({ parameters: Object.fromEntries(planned), optimizerState: {} });
      const measures = network.learns === "by gradient descent" && network.measureBuffers !== undefined;
      return fusedEvaluator(plan, memory, measures);
    },
  };
}

/**
 * Whether the parameters include those of a network's plan. Those of an exported model may not: batch normalization is folded
 * into the linear layer before it. They may have more: constants of the ONNX graph, such as the recurrent bias of a GRU, zero.
 */
export function hasPlanFor(network: TrainedNetwork, parameters: Parameters): boolean {
  const plan = planOf(network);
  return plan !== undefined && plannedNames(plan).every((name) => name in parameters);
}

/** The names of the parameters that a plan takes. */
function plannedNames({ matrices, vectors, buffers }: StepPlan): string[] {
  return Object.keys({ ...matrices, ...vectors, ...buffers });
}

/** Evaluates the parameters in memory. */
function fusedEvaluator(plan: StepPlan, memory: StepMemory, measures: boolean): Evaluator {
  return {
    measureBuffers(train) {
      const measured: Parameters = {};
      if (!measures) return measured;
      // Each layer's input depends on the buffers of the layers before it.
      for (const normalization of plan.normalizations) {
        const { x, names } = normalization;
        const inputs = function* (): Generator<ColumnPart> {
          for (const batch of train.evaluationBatches()) {
            const { run, rowOf } = writeEvaluation(plan, memory, batch);
            plan.forward(run, normalization);
            const counts = new Int32Array(run.batch);
            for (const row of batch.rows) counts[rowOf[row]]++;
            yield { values: memory.activation(x, run), counts };
          }
        };
        const { mean, std } = columnStatistics(inputs(), x.stride / WORD); // with padding
        measured[names.mean] = { shape: [x.columns], values: mean.slice(0, x.columns) };
        measured[names.std] = { shape: [x.columns], values: std.slice(0, x.columns) };
        memory.write({ parameters: measured, optimizerState: {} });
      }
      return measured;
    },

    losses(batch) {
      const { targets, rows } = batch;
      const { run, rowOf } = writeEvaluation(plan, memory, batch);
      const logProbs = plan.logProbs(run);
      const values = memory.activation(logProbs, run);
      const stride = logProbs.stride / WORD;
      const losses = new Float32Array(targets.length);
      for (let i = 0; i < targets.length; i++) losses[i] = -values[rowOf[rows[i]] * stride + targets[i]];
      return losses;
    },

    lastLogProbs(tokens, batch) {
      const isOfWords = plan.contextLength === null;
      const time = isOfWords ? tokens.length / batch : 1; // rows of the output for each row of the batch
      const rows = Int32Array.from({ length: batch * time }, (_, row) => row);
      const evaluation = { tokens, count: batch, rows, targets: rows, places: rows };
      const { run, rowOf } = writeEvaluation(plan, memory, evaluation);
      const output = plan.logProbs(run);
      const values = memory.activation(output, run);
      const [V, stride] = [output.columns, output.stride / WORD];
      const last = new Float32Array(batch * V);
      for (let i = 0; i < batch; i++) {
        const begin = rowOf[(i + 1) * time - 1] * stride;
        last.set(values.subarray(begin, begin + V), i * V);
      }
      return last;
    },

    dispose() {},
  };
}

/**
 * Puts a batch into memory.
 *
 * @returns The run, and the row of activations for each row of the batch: a plan may order the positions of words as it
 * likes.
 */
function writeEvaluation(
  plan: StepPlan,
  memory: StepMemory,
  { tokens, count, rows }: EvaluationBatch,
): { run: StepRun; rowOf: Int32Array } {
  // Each row has its own number in place of a target.
  const numbers = new Int32Array(plan.contextLength === null ? tokens.length : count).fill(IGNORED);
  for (const row of rows) numbers[row] = row;
  const run = memory.writeBatch({ tokens, targets: numbers, count }, "none");
  const rowOf = new Int32Array(numbers.length);
  memory.forEachTarget(run, (number, row) => {
    if (number !== IGNORED) rowOf[number] = row;
  });
  return { run, rowOf };
}

/** The plan of a network's step, or undefined if its architecture has none. */
function planOf(network: TrainedNetwork, dropout?: Dropout): StepPlan | undefined {
  if (!network.planStep) return undefined;
  const plan = new StepPlan(network.contextLength, dropout);
  plan.crossEntropy(network.planStep(plan));
  return plan;
}

/** An update of the parameters from address `begin` to `end`, of which the weight decay leaves the share `keep`. */
type Update = (
  kernel: Kernel,
  memory: StepMemory,
  range: { begin: number; end: number; learningRate: number; keep: number; beta2: number; step: number },
) => void;

const adam: Update = (kernel, { toGradient, toOptimizerState }, range) => {
  const { begin, end, learningRate, keep, beta2, step } = range;
  const [toMean, toVariance] = toOptimizerState;
  const corrections = [1 - 0.9 ** (step + 1), 1 - beta2 ** (step + 1)] as const;
  kernel.adam(begin, end, toGradient, learningRate, keep, toMean, toVariance, beta2, ...corrections);
};

/** The updates of `../optimizers.ts`. */
const updates: Record<OptimizerName, Update> = {
  sgd: (kernel, { toGradient }, { begin, end, learningRate, keep }) =>
    kernel.sgd(begin, end, toGradient, learningRate, keep),
  momentum: (kernel, { toGradient, toOptimizerState: [toVelocity] }, { begin, end, learningRate, keep }) =>
    kernel.momentum(begin, end, toGradient, learningRate, keep, toVelocity),
  adam,
  adamw: adam,
};
