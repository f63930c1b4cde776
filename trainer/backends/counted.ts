import type { CountedNetwork, Network } from "../architecture.ts";
import type { Backend, Evaluator } from "../backend.ts";
import type { Parameters } from "../parameters.ts";

/** Evaluates networks whose parameters are counted, by look-ups. */
export const counted: Pick<Backend, "evaluator"> = {
  evaluator(network: Network, parameters: Parameters): Evaluator {
    const { lookUp, vocabularySize: V } = network as CountedNetwork;
    return {
      measureBuffers: () => ({}),
      losses({ tokens, targets, rows }) {
        const logProbs = lookUp(parameters, tokens);
        return Float32Array.from(rows, (row, i) => -logProbs[row * V + targets[i]]);
      },
      lastLogProbs: (tokens) => lookUp(parameters, tokens),
      dispose() {},
    };
  },
};
