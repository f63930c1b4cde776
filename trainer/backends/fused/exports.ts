/** A global of the kernel: an address in its memory, in bytes, or a distance. */
interface Address {
  readonly value: number;
}

/** What `kernel/step.ts` exports; it is described there. */
export interface Kernel extends Readonly<Record<ParameterName, Address>> {
  readonly memory: WebAssembly.Memory;
  readonly vectors: Address;
  readonly trainedEnd: Address;
  readonly toGradient: Address;
  readonly toSlot: Address;
  readonly slotSize: Address;
  readonly contexts: Address;
  readonly targets: Address;
  /** Rows have a multiple of so many columns. */
  readonly BLOCK_COLUMNS: Address;
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
/** The parameters that an MLP may have. */
export type ParameterName = "C" | "W1" | "b1" | "W2" | "b2" | "W3" | "gain" | "shift" | "mean" | "std";
