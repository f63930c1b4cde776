import type { Backend, DescentState } from "../backend.ts";
import type { OptimizerName } from "../optimizers.ts";
import { optimizers } from "../optimizers.ts";
import { mapValues, type Parameter } from "../parameters.ts";
import { fusedKernel } from "./fused/compile.ts";
import { hasSimd } from "./fused/simd.ts";

/** Bytes of a float32 or an int32. */
const WORD = 4;
/** A larger network is left to TensorFlow.js: WebAssembly's memory ends at 4 GiB. */
const MOST_BYTES = 2 ** 31;

/**
 * One step of a tanh MLP in one go: loss, gradient and update, in WebAssembly with 128-bit vectors, several times as fast
 * as {@link tensorflow}, with the same losses but for rounding. It trains in mini-batches.
 *
 * The same seed gives the same bits on the same kind of machine. Where the processor cannot multiply and add with one
 * rounding the last bits differ.
 */
export const fused: Backend = {
  obstacle({ fused: sizes, contextLength }, vocabularySize, { batch, optimizer }) {
    if (!sizes) return "it knows the steps of mlp only";
    if (batch === "all") return "it takes mini-batches, not all examples at once";
    if (!hasSimd()) return "this machine's WebAssembly has no SIMD";
    const { embedding, hidden } = sizes;
    const inputs = contextLength * embedding;
    const weights = vocabularySize * (embedding + inputs + hidden) + inputs * hidden;
    const activations = batch * (2 * inputs + 3 * hidden + vocabularySize);
    const bytes = WORD * ((3 + optimizers[optimizer].slots) * weights + activations);
    if (bytes > MOST_BYTES) return `it has no room for ${Math.ceil(bytes / 2 ** 30)} GiB`;
    return undefined;
  },

  async start(network, vocabularySize, state, { optimizer, weightDecay = 0 }) {
    const { fused: sizes, contextLength } = network;
    if (!sizes) throw new TypeError("Cannot start the fused step: the network is not one that it knows");
    const kernel = (await WebAssembly.instantiate(await fusedKernel())).exports as unknown as Kernel;
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

/** An address in the kernel's memory, in bytes, or a distance. */
type Address = WebAssembly.Global<"i32">;

/** What `kernel/step.ts` exports; it is described there. */
interface Kernel extends Readonly<Record<ParameterName, Address>> {
  readonly memory: WebAssembly.Memory;
  readonly vectors: Address;
  readonly trainedEnd: Address;
  readonly toGradient: Address;
  readonly toSlot: Address;
  readonly slotSize: Address;
  readonly contexts: Address;
  readonly targets: Address;
  /** Rows have a multiple of so many columns. */
  readonly BLOCK_COLUMNS: WebAssembly.Global<"i32">;
  configure(
    context: number,
    embedding: number,
    hidden: number,
    vocabularySize: number,
    bias: boolean,
    normalized: boolean,
    direct: boolean,
    slots: number,
    runningShare: number,
  ): void;
  reserveBatch(examples: number): void;
  lossAndGradient(batch: number): number;
  sgd(begin: number, end: number, toGradient: number, rate: number, keep: number): void;
  momentum(
    begin: number,
    end: number,
    toGradient: number,
    rate: number,
    keep: number,
    toSlot: number,
  ): void;
  adam(
    begin: number,
    end: number,
    toGradient: number,
    rate: number,
    keep: number,
    toSlot: number,
    slotSize: number,
    meanCorrection: number,
    varianceCorrection: number,
  ): void;
}
type ParameterName = "C" | "W1" | "b1" | "W2" | "b2" | "W3" | "gain" | "shift" | "mean" | "std";

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

/** Parameters and slots in the kernel's memory. */
class ParameterMemory {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  write({ parameters, slots }: DescentState): void {
    for (const [name, parameter] of Object.entries(parameters)) {
      this.#rows(name, parameter).forEach((row, i) => row.set(valuesOfRow(parameter, i)));
    }
    for (const [name, ofParameter] of Object.entries(slots)) {
      ofParameter.forEach((slot, which) => {
        this.#rows(name, slot, this.#slot(which)).forEach((row, i) => row.set(valuesOfRow(slot, i)));
      });
    }
  }

  /** A copy of what stands in memory, by the names and in the shapes of another state. */
  read({ parameters, slots }: DescentState): DescentState {
    const copy = (name: string, { shape, values }: Parameter, distance?: number): Parameter => {
      const copied = new Float32Array(values.length);
      this.#rows(name, { shape }, distance).forEach((row, i) => copied.set(row, i * row.length));
      return { shape: [...shape], values: copied };
    };
    return {
      parameters: mapValues(parameters, (parameter, name) => copy(name, parameter)),
      slots: mapValues(
        slots,
        (ofParameter, name) => ofParameter.map((slot, which) => copy(name, slot, this.#slot(which))),
      ),
    };
  }

  /** How much further than a parameter one of its slots is, in bytes. */
  #slot(which: number): number {
    return this.#kernel.toSlot.value + which * this.#kernel.slotSize.value;
  }

  /** The rows of a parameter, or of what lies so much further. */
  #rows(name: string, { shape }: Pick<Parameter, "shape">, distance = 0): Float32Array[] {
    const { memory, BLOCK_COLUMNS, [name as ParameterName]: address } = this.#kernel;
    const columns = shape[shape.length - 1];
    const block = BLOCK_COLUMNS.value;
    const padded = name === "C" ? columns : Math.ceil(columns / block) * block;
    return Array.from(
      { length: shape.length > 1 ? shape[0] : 1 },
      (_, row) => new Float32Array(memory.buffer, address.value + distance + row * padded * WORD, columns),
    );
  }
}

/** One row of a matrix, or a vector whole. */
function valuesOfRow({ shape, values }: Parameter, row: number): Float32Array {
  const columns = shape[shape.length - 1];
  return values.subarray(row * columns, (row + 1) * columns);
}
