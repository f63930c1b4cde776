import { BrokenModelError } from "../broken_model_error.ts";
import type { LanguageModel, StepOutput } from "../language_model.ts";
import { SLICE } from "../work.ts";

/** Most rows in one step of a model. */
const MAX_RUN_ROWS = 4096;
/**
 * Estimated cost of a row in milliseconds, measured with ONNX Runtime Web: for each token of the vocabulary (output, sum and
 * sorting), and for each multiplication.
 */
const TOKEN_MILLISECONDS = 100e-6;
const MULTIPLICATION_MILLISECONDS = 0.1e-6;

/** Runs a model in steps that block the event loop only briefly, and checks the sizes of its outputs. */
export class ModelRunner {
  readonly model: LanguageModel;
  /** Estimated cost of a row, in milliseconds. */
  readonly rowMilliseconds: number;
  /** Most rows in one step. */
  readonly maxRows: number;

  /** @param maxNodes The most nodes that can be stored, and so the most rows in a step. */
  constructor(model: LanguageModel, maxNodes: number) {
    this.model = model;
    this.rowMilliseconds = model.vocabularySize * TOKEN_MILLISECONDS +
      (model.multiplications ?? 0) * MULTIPLICATION_MILLISECONDS;
    this.maxRows = Math.max(
      1,
      Math.min(MAX_RUN_ROWS, maxNodes, Math.floor(SLICE / 2 / this.rowMilliseconds)),
    );
  }

  /**
   * One step, or a pass; see {@link LanguageModel.step}.
   *
   * @param time The tokens of each beginning in a pass.
   * @throws {BrokenModelError} If an output has the wrong size.
   */
  async step(
    tokens: Int32Array<ArrayBuffer>,
    batch: number,
    past: readonly Float32Array[],
    time = 1,
  ): Promise<StepOutput> {
    const output = await this.model.step(tokens, batch, past);
    const { vocabularySize, states } = this.model;
    const rows = batch * time;
    if (output.logProbs.length !== rows * vocabularySize) {
      throw new BrokenModelError(
        `it gave ${output.logProbs.length} log-probabilities for ${rows} contexts, not ${vocabularySize} for each`,
      );
    }
    states.forEach(({ name, shape }, i) => {
      const size = shape.reduce<number>((product, length) => product * (length === "past" ? 1 : length), 1);
      const given = output.present[i]?.length;
      if (given === rows * size) return;
      throw new BrokenModelError(
        `its state ${name} has ${given ?? 0} numbers for ${rows} beginnings, not ${size} for each`,
      );
    });
    return output;
  }
}
