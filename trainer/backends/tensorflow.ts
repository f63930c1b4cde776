import {
  add,
  dispose,
  keep,
  mul,
  reshape,
  type Scalar,
  type Tensor,
  tensor1d,
  tensor2d,
  tidy,
  valueAndGrads,
} from "@tensorflow/tfjs";
import type { TrainedNetwork } from "../architecture.ts";
import type { Backend } from "../backend.ts";
import type { Batch } from "../examples.ts";
import { crossEntropy } from "../operations.ts";
import { type Optimizer, optimizers } from "../optimizers.ts";
import { fromTensor, mapValues, toTensor, type Weights } from "../parameters.ts";

/** TensorFlow.js with automatic differentiation. It can train every network. */
export const tensorflow: Backend = {
  unsupportedReason: () => undefined,

  start(network, state, settings) {
    const optimizer = optimizers[settings.optimizer];
    const weightDecay = settings.weightDecay ?? 0;
    let weights = mapValues(state.parameters, toTensor);
    let optimizerState = mapValues(state.optimizerState, (tensors) => tensors.map(toTensor));
    return {
      step(batch, learningRate, step) {
        const before = [weights, optimizerState];
        const update = { optimizer, learningRate, weightDecay, step };
        const { loss, ...after } = makeStep(network, weights, optimizerState, batch, update);
        ({ weights, optimizerState } = after);
        dispose(before);
        return loss;
      },
      state: () => ({
        parameters: mapValues(weights, fromTensor),
        optimizerState: mapValues(optimizerState, (tensors) => tensors.map(fromTensor)),
      }),
      dispose: () => dispose([weights, optimizerState]),
    };
  },
};

type OptimizerState = Record<string, Tensor[]>;

/** How a step changes the weights. */
interface Update {
  optimizer: Optimizer;
  learningRate: number;
  weightDecay: number;
  step: number;
}

/** Makes one step: the loss of a mini-batch, its gradients, and new weights and optimizer state. */
function makeStep(
  network: TrainedNetwork,
  weights: Weights,
  optimizerState: OptimizerState,
  batch: Batch,
  { optimizer, learningRate, weightDecay, step }: Update,
): { loss: number; weights: Weights; optimizerState: OptimizerState } {
  let loss = NaN;
  let buffers: Weights = Object.fromEntries(network.buffers.map((name) => [name, weights[name]]));
  const nextWeights: Weights = {};
  const nextState: OptimizerState = {};
  tidy(() => {
    const trained = Object.keys(optimizerState);
    const lossOf = lossFunction(network, batch, (after) => {
      buffers = { ...buffers, ...mapValues(after, (buffer) => keep(buffer)) };
    });
    const { value, grads } = valueAndGrads((...values: Tensor[]) =>
      lossOf({ ...weights, ...Object.fromEntries(trained.map((name, i) => [name, values[i]])) })
    )(trained.map((name) => weights[name]));
    loss = value.dataSync()[0];
    trained.forEach((name, i) => {
      const decay = weights[name].rank > 1 ? learningRate * weightDecay : 0;
      const weight = decay > 0 ? mul(weights[name], 1 - decay) : weights[name];
      const state = optimizerState[name];
      const next = optimizer.update({ weight, gradient: grads[i], state, learningRate, step });
      nextWeights[name] = keep(next.weight);
      nextState[name] = next.state.map((tensor) => keep(tensor));
    });
    // Buffers that did not change are copied, because the old tensors are disposed of.
    for (const name of network.buffers) {
      const buffer = buffers[name];
      nextWeights[name] = buffer === weights[name] ? keep(buffer.clone()) : buffer;
    }
  });
  return { loss, weights: nextWeights, optimizerState: nextState };
}

/** The training loss of a mini-batch as a function of the weights: mean cross-entropy, and the network's penalty. */
function lossFunction(
  network: TrainedNetwork,
  { tokens, targets, count }: Batch,
  setBuffers: (buffers: Weights) => void,
): (weights: Weights) => Scalar {
  const x = tensor2d(tokens, [count, tokens.length / count], "int32"); // (b, t)
  const y = tensor1d(targets, "int32"); // (positions)
  return (weights) => {
    const logits = network.logits(weights, x, { setBuffers }); // (b, V) or (b, t, V)
    const nll = crossEntropy(reshape(logits, [targets.length, network.vocabularySize]), y);
    return network.penalty ? add<Scalar>(nll, network.penalty(weights)) : nll;
  };
}
