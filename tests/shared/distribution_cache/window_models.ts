import type { LanguageModel, StepOutput } from "../../../shared/language_model.ts";

/** Log-probabilities of 5 tokens that depend on the whole context, so that a mix-up of rows is seen. */
export function hashedRow(context: ArrayLike<number>): Float32Array {
  const seed = Array.from(context).reduce((sum, token) => sum * 5 + token + 1, 1);
  const weights = Array.from({ length: 5 }, (_, token) => 1 + ((seed * (token + 3)) % 17));
  const total = weights.reduce((a, b) => a + b);
  return Float32Array.from(weights, (weight) => Math.log(weight / total));
}

/** A model of {@link hashedRow}, which refuses to be run twice at once. */
export class HashModel implements LanguageModel {
  readonly vocabularySize = 5;
  readonly states = [];
  readonly batches: number[] = [];
  #running = false;

  constructor(readonly contextLength: number) {}

  async step(contexts: Int32Array<ArrayBuffer>, batch: number): Promise<StepOutput> {
    if (this.#running) throw new Error("The model was run twice at once");
    this.#running = true;
    await new Promise((resolve) => setTimeout(resolve));
    this.#running = false;
    this.batches.push(batch);
    const n = this.contextLength;
    const rows = Array.from(
      { length: batch },
      (_, i) => [...this.row(contexts.subarray(i * n, (i + 1) * n))],
    );
    return { logProbs: Float32Array.from(rows.flat()), present: [] };
  }

  row(context: ArrayLike<number>): Float32Array {
    return hashedRow(context);
  }
}

/** A window model whose steps are a function of the contexts. */
export function windowModel(
  vocabularySize: number,
  contextLength: number,
  logProbs: (contexts: Int32Array) => Float32Array | Promise<Float32Array>,
): LanguageModel {
  return {
    vocabularySize,
    contextLength,
    states: [],
    step: async (contexts) => ({ logProbs: await logProbs(contexts), present: [] }),
  };
}
