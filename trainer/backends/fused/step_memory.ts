import { mapValues, type Parameter } from "../../parameters.ts";
import type { StepState } from "../../backend.ts";
import type { Batch } from "../../examples.ts";
import type { Kernel } from "./kernel.ts";
import { paddedRows, wordRows } from "./rows.ts";
import type { Activation } from "./activation.ts";
import { type Region, WORD } from "./region.ts";
import type { StepPlan } from "./step_plan.ts";
import type { StepRun } from "./step_run.ts";

/** Regions begin at multiples of a cache line, in bytes. */
const CACHE_LINE = 64;
/** Bytes in a page of WebAssembly's memory. */
const PAGE = 65536;
/** Positions of a word for which memory is estimated before any word is seen. */
const ESTIMATED_WORD_LENGTH = 32;
/** Words vary in length: memory for a mini-batch is reserved with this much to spare, so that it seldom grows again. */
const SPARE_ROWS = 1.25;

/** A part of the words of a mini-batch. */
export interface PartOfBatch {
  /** [count, time]: the place of each token in the whole mini-batch. */
  places: Int32Array;
  /** Targets of the whole mini-batch. */
  targetCount: number;
}

/** The memory of a training step: parameters, their gradients and optimizer state, then what a mini-batch needs. */
export class StepMemory {
  readonly #kernel: Kernel;
  readonly #plan: StepPlan;
  /** Where the parameters that are trained begin; the vectors among them; and where they end. */
  readonly trained: { readonly begin: number; readonly vectors: number; readonly end: number };
  /** Bytes from a parameter to its gradient. */
  readonly toGradient: number;
  /** Bytes from a parameter to each tensor of its optimizer state. */
  readonly toOptimizerState: readonly number[];
  readonly #room: number;
  readonly #batchBegin: number;
  /** How many rows and targets there is memory for. */
  #capacity = { rows: 0, targets: 0 };
  #top: number;
  #tokens = 0;
  #targets = 0;
  #firstTargets = 0;
  #positions = 0;
  #parents = 0;
  #groups = 0;
  #numbers = 0;

  /**
   * @param optimizerTensors Tensors that the optimizer keeps of each parameter.
   * @param adds Whether there is room for {@link addGradients}.
   */
  constructor(kernel: Kernel, plan: StepPlan, optimizerTensors: number, adds = false) {
    this.#kernel = kernel;
    this.#plan = plan;
    this.#top = kernel.heapBase.value;
    const begin = this.#reserve(0);
    this.#place(Object.values(plan.matrices));
    const vectors = this.#reserve(0);
    this.#place(Object.values(plan.vectors));
    const end = this.#reserve(0);
    this.trained = { begin, vectors, end };
    this.toGradient = this.#reserve(end - begin) - begin;
    this.toOptimizerState = Array.from(
      { length: optimizerTensors },
      () => this.#reserve(end - begin) - begin,
    );
    this.#room = adds ? this.#reserve(end - begin) : 0;
    for (const region of [...Object.values(plan.matrices), ...Object.values(plan.vectors)]) {
      region.gradient = region.address + this.toGradient;
    }
    this.#place(Object.values(plan.buffers));
    this.#place(plan.scratch);
    this.#batchBegin = this.#top;
  }

  /**
   * Puts a mini-batch into memory, which grows when one is larger than all before it.
   *
   * @param step The training step, from 0; or "none" in an evaluation: normalization uses its buffers.
   * @param part Of which mini-batch it is a part. Default: it is a whole one.
   */
  writeBatch(examples: Batch, step: number | "none", part?: PartOfBatch): StepRun {
    const { contextLength, rowOrder, sharesRows } = this.#plan;
    const words = contextLength === null ? wordRows(examples, rowOrder, sharesRows) : undefined;
    const { tokens, targets } = words ?? examples;
    const batch = words ? tokens.length : examples.count;
    if (batch > this.#capacity.rows || targets.length > this.#capacity.targets) {
      this.#reserveBatch(batch, targets.length);
    }
    this.#writeIntegers(this.#tokens, tokens);
    this.#writeIntegers(this.#targets, targets);
    if (words) {
      this.#writeIntegers(this.#firstTargets, words.firstTargets);
      this.#writeIntegers(this.#positions, words.positions);
      this.#writeIntegers(this.#parents, words.parents);
      this.#writeIntegers(this.#groups, words.groups);
    }
    if (this.#plan.dropsOut) {
      const numbers = words?.numbers ?? Int32Array.from({ length: batch }, (_, row) => row);
      this.#writeIntegers(this.#numbers, part ? numbers.map((number) => part.places[number]) : numbers);
    }
    return {
      kernel: this.#kernel,
      batch,
      rows: paddedRows(batch),
      tokens: this.#tokens,
      targets: this.#targets,
      firstTargets: this.#firstTargets,
      targetCount: part?.targetCount ?? targets.length,
      positions: this.#positions,
      parents: this.#parents,
      groups: this.#groups,
      groupCount: words ? words.groups.length - 1 : 0,
      numbers: this.#numbers,
      step: step === "none" ? 0 : step,
      evaluates: step === "none",
    };
  }

  /** Adds the gradients in another memory to those in this one. */
  addGradients(other: StepMemory): void {
    const { begin, end } = this.trained;
    this.#floats(this.#room, end - begin).set(
      other.#floats(other.trained.begin + other.toGradient, end - begin),
    );
    this.#kernel.addRow(begin + this.toGradient, end - begin, this.#room, 1);
  }

  /** Copies the parameters in another memory into this one. */
  copyParameters(other: StepMemory): void {
    const { begin, end } = this.trained;
    this.#floats(begin, end - begin).set(other.#floats(other.trained.begin, end - begin));
  }

  #floats(address: number, bytes: number): Float32Array {
    return new Float32Array(this.#kernel.memory.buffer, address, bytes / WORD);
  }

  /** The values of an activation, [rows, stride / 4] with padding, until the next call of {@link writeBatch}. */
  activation({ address, stride }: Activation, { kernel, batch }: StepRun): Float32Array {
    return new Float32Array(kernel.memory.buffer, address, (batch * stride) / WORD);
  }

  /** Calls back with each target of a batch, and the row that predicts it. */
  forEachTarget(run: StepRun, visit: (target: number, row: number) => void): void {
    const integers = new Int32Array(run.kernel.memory.buffer);
    const [targets, firsts] = [run.targets / WORD, run.firstTargets / WORD];
    for (let row = 0; row < run.batch; row++) {
      const [first, end] = firsts > 0 ? [integers[firsts + row], integers[firsts + row + 1]] : [row, row + 1];
      for (let i = first; i < end; i++) visit(integers[targets + i], row);
    }
  }

  #writeIntegers(address: number, integers: Int32Array): void {
    new Int32Array(this.#kernel.memory.buffer, address, integers.length).set(integers);
  }

  /** Puts parameters and optimizer state into memory. */
  write({ parameters, optimizerState }: StepState): void {
    this.#visit(parameters, optimizerState, ({ shape, values }, rows) => {
      const columns = shape[shape.length - 1];
      rows.forEach((row, i) => row.set(values.subarray(i * columns, (i + 1) * columns)));
    });
  }

  /** A copy of the parameters and the optimizer state in memory, with the names and shapes of another state. */
  read({ parameters, optimizerState }: StepState): StepState {
    const empty = ({ shape, values }: Parameter): Parameter => ({
      shape: [...shape],
      values: new Float32Array(values.length),
    });
    const copy = {
      parameters: mapValues(parameters, empty),
      optimizerState: mapValues(optimizerState, (tensors) => tensors.map(empty)),
    };
    this.#visit(copy.parameters, copy.optimizerState, ({ values }, rows) => {
      rows.forEach((row, i) => values.set(row, i * row.length));
    });
    return copy;
  }

  /** Calls back with each tensor of a state and its rows in memory, without their padding. */
  #visit(
    parameters: StepState["parameters"],
    optimizerState: StepState["optimizerState"],
    visit: (tensor: Parameter, rows: Float32Array[]) => void,
  ): void {
    const { matrices, vectors, buffers } = this.#plan;
    const regions: Record<string, Region> = { ...matrices, ...vectors, ...buffers };
    const rowsOf = (name: string, distance: number) => {
      const { address, rows, columns, stride } = regions[name];
      return Array.from(
        { length: rows },
        (_, row) => new Float32Array(this.#kernel.memory.buffer, address + distance + row * stride, columns),
      );
    };
    for (const [name, parameter] of Object.entries(parameters)) visit(parameter, rowsOf(name, 0));
    for (const [name, tensors] of Object.entries(optimizerState)) {
      tensors.forEach((tensor, i) => visit(tensor, rowsOf(name, this.toOptimizerState[i])));
    }
  }

  #reserveBatch(batch: number, targets: number): void {
    const oldTop = this.#top;
    this.#top = this.#batchBegin;
    const isOfWords = this.#plan.contextLength === null;
    const withSpare = (count: number) => isOfWords ? Math.ceil(count * SPARE_ROWS) : count;
    const rows = paddedRows(withSpare(batch));
    this.#capacity = { rows, targets: withSpare(targets) };
    this.#tokens = this.#reserve(rows * this.#plan.time * WORD);
    this.#targets = this.#reserve(this.#capacity.targets * WORD);
    if (isOfWords) {
      this.#firstTargets = this.#reserve((rows + 1) * WORD);
      this.#positions = this.#reserve(rows * WORD);
      this.#parents = this.#reserve(rows * WORD);
      this.#groups = this.#reserve((rows + 1) * WORD);
    }
    if (this.#plan.dropsOut) this.#numbers = this.#reserve(rows * WORD);
    for (const activation of this.#plan.activations) {
      const { values, gradient } = activation.inPlaceOf;
      const bytes = (activation.rows === undefined ? rows : paddedRows(activation.rows)) * activation.stride;
      activation.address = values?.address ?? this.#reserve(bytes);
      const shared = gradient === activation ? activation.address : gradient?.gradient;
      activation.gradient = shared ?? this.#reserve(bytes);
    }
    // What was there before is not the zeros that padding must be.
    new Uint8Array(this.#kernel.memory.buffer, this.#batchBegin, oldTop - this.#batchBegin).fill(0);
  }

  #place(regions: readonly Region[]): void {
    for (const region of regions) region.address = this.#reserve(region.bytes);
  }

  /** The address of so many bytes, all zero. */
  #reserve(bytes: number): number {
    const { memory } = this.#kernel;
    const address = Math.ceil(this.#top / CACHE_LINE) * CACHE_LINE;
    this.#top = address + bytes;
    const end = Math.ceil(this.#top / CACHE_LINE) * CACHE_LINE;
    if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE));
    return address;
  }
}

/** Bytes that a plan takes for mini-batches of `batch` examples; an estimate if they are words. */
export function bytesOfPlan(plan: StepPlan, batch: number, optimizerTensors: number): number {
  const sum = (regions: Iterable<Region>) => [...regions].reduce((bytes, region) => bytes + region.bytes, 0);
  const rows = paddedRows(plan.contextLength === null ? batch * ESTIMATED_WORD_LENGTH * SPARE_ROWS : batch);
  const trained = sum([...Object.values(plan.matrices), ...Object.values(plan.vectors)]);
  const activations = plan.activations.reduce(
    (bytes, { stride, inPlaceOf }) =>
      bytes + stride * (Number(!inPlaceOf.values) + Number(!inPlaceOf.gradient)),
    0,
  );
  return (2 + optimizerTensors) * trained + sum(Object.values(plan.buffers)) + sum(plan.scratch) +
    rows * (activations + (plan.time + 6) * WORD);
}
