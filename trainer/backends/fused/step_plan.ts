import { attention } from "./layers/attention.ts";
import { batchNormalization } from "./layers/batch_normalization.ts";
import { addCausalMean } from "./layers/causal_mean.ts";
import { crossEntropy } from "./layers/cross_entropy.ts";
import { dropout } from "./layers/dropout.ts";
import { embedding, lookUp, table } from "./layers/embedding.ts";
import { gelu } from "./layers/gelu.ts";
import { gru } from "./layers/gru.ts";
import { layerNormalization } from "./layers/layer_normalization.ts";
import { linear, tiedLinear } from "./layers/linear.ts";
import { lstm } from "./layers/lstm.ts";
import { positions } from "./layers/positions.ts";
import { residual } from "./layers/residual.ts";
import { rnn } from "./layers/rnn.ts";
import { sum } from "./layers/sum.ts";
import { tanh } from "./layers/tanh.ts";
import { Tape } from "./tape.ts";

export type { Activation } from "./activation.ts";

/**
 * A training step as a sequence of layers. An architecture writes its forward pass with it, one layer a call; the backward
 * pass follows. A layer is a file of `layers/`, which describes it, and a line here; what it computes is a file of `kernel/`.
 *
 * Shapes: b is the rows of a mini-batch. A network with a window has a row for each window, one that sees whole words a
 * row for each position of them: [batch, time] without the padding, and once where words begin alike, see {@link RowOrder}.
 *
 * @example
 * ```ts
 * import { StepPlan } from "./step_plan.ts";
 *
 * const plan = new StepPlan(3);
 * const x = plan.embedding("C", [27, 10], 3); // (b, 3) -> (b, 30)
 * const hidden = plan.tanh(plan.linear(x, 200, { weight: "W1", bias: "b1" })); // (b, 200)
 * plan.crossEntropy(plan.linear(hidden, 27, { weight: "W2", bias: "b2" })); // (b, 27)
 * ```
 */
export class StepPlan extends Tape {
  readonly embedding = this.#layer(embedding);
  readonly table = this.#layer(table);
  readonly lookUp = this.#layer(lookUp);
  readonly positions = this.#layer(positions);
  readonly linear = this.#layer(linear);
  readonly tiedLinear = this.#layer(tiedLinear);
  readonly residual = this.#layer(residual);
  readonly batchNormalization = this.#layer(batchNormalization);
  readonly layerNormalization = this.#layer(layerNormalization);
  readonly rnn = this.#layer(rnn);
  readonly gru = this.#layer(gru);
  readonly lstm = this.#layer(lstm);
  readonly addCausalMean = this.#layer(addCausalMean);
  readonly attention = this.#layer(attention);
  readonly sum = this.#layer(sum);
  readonly tanh = this.#layer(tanh);
  readonly gelu = this.#layer(gelu);
  readonly dropout = this.#layer(dropout);
  readonly crossEntropy = this.#layer(crossEntropy);

  /** A layer as a method. */
  #layer<Inputs extends unknown[], Output>(
    layer: (tape: Tape, ...inputs: Inputs) => Output,
  ): (...inputs: Inputs) => Output {
    return (...inputs) => layer(this, ...inputs);
  }
}
