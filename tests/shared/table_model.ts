import type { LanguageModel, StepOutput } from "../../shared/language_model.ts";

/**
 * A language model for tests: a table from the last token to the probabilities of the next. It records the size of
 * each batch.
 */
export class TableModel implements LanguageModel {
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly states = [];
  readonly #rows: readonly Float32Array[];
  /** The number of contexts of each call. */
  readonly batches: number[] = [];

  constructor(probabilities: readonly (readonly number[])[], contextLength = 1) {
    this.vocabularySize = probabilities.length;
    this.contextLength = contextLength;
    this.#rows = probabilities.map((row) => Float32Array.from(row, Math.log));
  }

  step(contexts: Int32Array<ArrayBuffer>, batch: number): Promise<StepOutput> {
    this.batches.push(batch);
    const rows = new Float32Array(batch * this.vocabularySize);
    for (let i = 0; i < batch; i++) {
      const last = contexts[(i + 1) * this.contextLength - 1];
      rows.set(this.#rows[last], i * this.vocabularySize);
    }
    return Promise.resolve({ logProbs: rows, present: [] });
  }
}

/** Rows are the last token, columns the next: boundary, a, b. A name never continues after b. */
export const LETTERS = "ab";
export const PROBABILITIES = [[0, 0.75, 0.25], [0.5, 0.25, 0.25], [1, 0, 0]];
