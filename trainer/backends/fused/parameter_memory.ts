import type { DescentState } from "../../backend.ts";
import { mapValues, type Parameter } from "../../parameters.ts";
import type { Kernel, ParameterName } from "./exports.ts";

/** Bytes of a float32. */
const WORD = 4;

/** Parameters and slots in the kernel's memory. */
export class ParameterMemory {
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
