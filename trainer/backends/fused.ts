import type { Backend } from "../backend.ts";
import { type OptimizerName, optimizers } from "../optimizers.ts";
import { fusedKernel } from "./fused/compile.ts";
import type { Kernel } from "./fused/exports.ts";
import { ParameterMemory } from "./fused/parameter_memory.ts";
import { hasRelaxedSimd, hasSimd } from "./fused/simd.ts";

/** Bytes of a float32 or an int32. */
const WORD = 4;
/** A larger network is left to TensorFlow.js: WebAssembly's memory ends at 4 GiB. */
const MAX_BYTES = 2 ** 31;

/**
 * One step of a tanh MLP in one go: loss, gradient and update, in WebAssembly with 128-bit vectors. It is several
 * times as fast as the backend tensorflow, and its losses are the same but for rounding.
 *
 * The same seed gives the same bits on the same kind of machine. Where the processor cannot multiply and add
 * with one rounding, the last bits differ.
 */
export const fused: Backend = fusedBackend(hasRelaxedSimd());

/**
 * The same with a kernel of one's choice.
 *
 * @param relaxed Multiply and add in one instruction, which not every WebAssembly has.
 */
export function fusedBackend(relaxed: boolean): Backend {
  return {
    unsupportedReason({ fused: sizes, contextLength }, vocabularySize, { batch, optimizer }) {
      if (!sizes) return "it knows the steps of mlp only";
      if (batch === "all") return "it takes mini-batches, not all examples at once";
      if (!hasSimd()) return "this machine's WebAssembly has no SIMD";
      const { embedding, hidden } = sizes;
      const inputs = contextLength * embedding;
      const weights = vocabularySize * (embedding + inputs + hidden) + inputs * hidden;
      const activations = batch * (2 * inputs + 3 * hidden + vocabularySize);
      const bytes = WORD * ((3 + optimizers[optimizer].slots) * weights + activations);
      if (bytes > MAX_BYTES) return `it has no room for ${Math.ceil(bytes / 2 ** 30)} GiB`;
      return undefined;
    },

    async start(network, vocabularySize, state, { optimizer, weightDecay = 0 }) {
      const { fused: sizes, contextLength } = network;
      if (!sizes) throw new TypeError("Cannot start the fused step: the network is not one that it knows");
      const kernel = (await WebAssembly.instantiate(await fusedKernel(relaxed))).exports as unknown as Kernel;
      kernel.configure(
        contextLength,
        sizes.embedding,
        sizes.hidden,
        vocabularySize,
        sizes.bias,
        sizes.normalized,
        sizes.direct,
        optimizers[optimizer].slots,
        sizes.runningShare,
      );
      const memory = new ParameterMemory(kernel);
      memory.write(state);
      const begin = kernel.C.value;
      const vectors = kernel.vectors.value;
      const end = kernel.trainedEnd.value;
      const update = updates[optimizer];
      return {
        step({ contexts, targets, count }, learningRate, step) {
          kernel.reserveBatch(count);
          new Int32Array(kernel.memory.buffer, kernel.contexts.value).set(contexts);
          new Int32Array(kernel.memory.buffer, kernel.targets.value).set(targets);
          const loss = kernel.lossAndGradient(count);
          update(kernel, begin, vectors, learningRate, 1 - learningRate * weightDecay, step);
          update(kernel, vectors, end, learningRate, 1, step);
          return loss;
        },
        state: () => memory.read(state),
        dispose() {},
      };
    },
  };
}

/** The update of the parameters from `begin` to `end`, of which `keep` is left after the decay. */
type Update = (kernel: Kernel, begin: number, end: number, rate: number, keep: number, step: number) => void;

/** As `../optimizers.ts` defines them. */
const updates: Record<OptimizerName, Update> = {
  sgd: (kernel, begin, end, rate, keep) => kernel.sgd(begin, end, kernel.toGradient.value, rate, keep),
  momentum: (kernel, begin, end, rate, keep) =>
    kernel.momentum(begin, end, kernel.toGradient.value, rate, keep, kernel.toSlot.value),
  adam: (kernel, begin, end, rate, keep, step) =>
    kernel.adam(
      begin,
      end,
      kernel.toGradient.value,
      rate,
      keep,
      kernel.toSlot.value,
      kernel.slotSize.value,
      1 - 0.9 ** (step + 1),
      1 - 0.999 ** (step + 1),
    ),
};
