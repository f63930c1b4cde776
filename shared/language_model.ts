/** A tensor that a model passes from one step to the next: the hidden units of an RNN, the keys of an attention layer. */
export interface ModelState {
  /** The NAME in `past.NAME` and `present.NAME` of the ONNX file. */
  readonly name: string;
  /**
   * The shape without the batch. "past" is the axis that grows by one position with each step, as in keys and values.
   */
  readonly shape: readonly (number | "past")[];
}

/** The output of a step. */
export interface StepOutput {
  /**
   * [batch, vocabularySize], or [batch, time, vocabularySize] from a pass; row-major: natural logarithms, -Infinity for a token
   * that cannot follow.
   */
  logProbs: Float32Array;
  /**
   * One array for each of the model's states: [batch, ...shape], in which the axis "past" has the positions of the tokens: 1,
   * or those of a pass.
   */
  present: readonly Float32Array[];
}

/**
 * A language model answers one question: how likely is each token after a given beginning? It advances beginnings by one token,
 * in batches: from tokens and states to log-probabilities and states.
 *
 * An ONNX session is one, a TensorFlow.js network is one, and so is a table of counts in a test.
 */
export interface LanguageModel {
  /** The number of tokens, with the boundary. */
  readonly vocabularySize: number;
  /** The number of tokens that it sees; null: all of them. */
  readonly contextLength: number | null;
  /** The states that it passes from step to step. A model with a window has none: its state is the window. */
  readonly states: readonly ModelState[];
  /**
   * Whether {@link step} also takes several tokens of each beginning, a pass, and gives the same bits for them as steps of one
   * token. Only if all states grow. Default: no.
   */
  readonly exactPasses?: boolean;
  /** Estimated multiplications per row, which limit the rows of a run. Default: few. */
  readonly multiplications?: number;
  /**
   * Computes the log-probabilities of the next token for a batch of beginnings. A row depends only on its own beginning, to the
   * last bit, and not on the rest of the batch.
   *
   * @param tokens Row-major token ids. With a window: [batch, contextLength], the last tokens, oldest first, left-padded with
   * the boundary. With states: [batch, 1], the newest token; the boundary begins; in a pass [batch, time], the newest tokens.
   * With neither: [batch, time], whole beginnings of equal length, the boundary first.
   * @param past One array for each state: [batch, ...shape], in which "past" is how many tokens came before. A state that
   * does not grow begins with zeros.
   */
  step(tokens: Int32Array<ArrayBuffer>, batch: number, past: readonly Float32Array[]): Promise<StepOutput>;
}
