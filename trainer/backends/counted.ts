import type { CountedNetwork, Network } from "../architecture.ts";
import type { Backend, Evaluator } from "../backend.ts";
import type { Parameters } from "../parameters.ts";

/** Evaluates networks whose parameters are counted, by look-ups. */
export const counted: Pick<Backend, "evaluator"> = {
  evaluator(network: Network, parameters: Parameters): Evaluator {
    const { lookUp, vocabularySize: V } = network as CountedNetwork;
    return {
      measureBuffers: () => ({}),
      losses(examples, onEvaluated) {
        const losses = new Float32Array(examples.targetCount);
        for (const { tokens, targets, rows, places } of examples.evaluationBatches()) {
          const logProbs = lookUp(parameters, tokens);
          for (let i = 0; i < targets.length; i++) losses[places[i]] = -logProbs[rows[i] * V + targets[i]];
          onEvaluated?.(targets.length);
        }
        return losses;
      },
      lastLogProbs: (tokens) => lookUp(parameters, tokens),
      dispose() {},
    };
  },
};
