/**
 * The one interface between models and all that is done with them: a tfjs model, an ONNX session, a cache in
 * front of either and a test's table of counts are all language models.
 */
export interface LanguageModel {
  /** How many tokens it knows, the boundary included. */
  readonly vocabularySize: number;
  /** How many tokens back it sees. */
  readonly contextLength: number;
  /** About how many multiplications a row takes; how many rows a run may have is bounded by it. Default: few. */
  readonly multiplications?: number;
  /**
   * The log-probabilities of the next token after each context.
   *
   * A row depends on its own context alone, never on what else is in the batch.
   *
   * @param contexts [batch, contextLength], row-major: token ids, oldest first, left-padded with 0.
   * @returns [batch, vocabularySize], row-major: natural logarithms, -Infinity for what cannot follow.
   */
  logProbs(contexts: Int32Array<ArrayBuffer>): Promise<Float32Array>;
}
