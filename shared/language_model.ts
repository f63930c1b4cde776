/** A tensor that a model hands from one step to the next: the hidden units of an RNN, the keys of an attention layer. */
export interface ModelState {
  /** As in `past.NAME` and `present.NAME` of the ONNX file. */
  readonly name: string;
  /**
   * Its shape without the batch. A number for each axis, or "past" for the one axis that grows by a position with each
   * step, as keys and values do.
   */
  readonly shape: readonly (number | "past")[];
}

/** What a step gives. */
export interface StepOutput {
  /** [batch, vocabularySize], row-major: natural logarithms, -Infinity for a token that cannot follow. */
  logProbs: Float32Array;
  /**
   * One array for each of the model's states: [batch, ...shape], in which the axis "past" has length 1: the step's own
   * position.
   */
  present: readonly Float32Array[];
}

/**
 * A language model answers one question: after this beginning, how likely is each next token? It takes beginnings forward by
 * one token, in batches: from tokens and states to log-probabilities and states.
 *
 * An ONNX session is one, a TensorFlow.js network is one, and so is a table of counts in a test.
 */
export interface LanguageModel {
  /** Number of tokens, the boundary included. */
  readonly vocabularySize: number;
  /** How many tokens back it sees; null: all of them. */
  readonly contextLength: number | null;
  /** What it hands from step to step. A model with a window has none: its state is the window. */
  readonly states: readonly ModelState[];
  /** About how many multiplications a row takes. It bounds the rows of a run. Default: few. */
  readonly multiplications?: number;
  /**
   * The log-probabilities of the next token after each beginning of a batch. A row depends on its own beginning alone, to the
   * last bit, whatever else is in the batch.
   *
   * @param tokens Row-major token ids. With a window: [batch, contextLength], the last tokens, oldest first, left-padded with
   * the boundary. With states: [batch, 1], the newest token; the boundary begins. With neither: [batch, time], whole
   * beginnings of equal length, the boundary first.
   * @param past One array for each state: [batch, ...shape], in which "past" is how many tokens came before. A state that
   * does not grow begins with zeros.
   */
  step(tokens: Int32Array<ArrayBuffer>, batch: number, past: readonly Float32Array[]): Promise<StepOutput>;
}
