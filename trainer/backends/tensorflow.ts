import {
  add,
  dispose,
  keep,
  mul,
  reshape,
  type Scalar,
  type Tensor,
  tensor1d,
  type Tensor2D,
  tensor2d,
  tidy,
  valueAndGrads,
} from "@tensorflow/tfjs";
import type { TrainedNetwork, TrainingPass } from "../architecture.ts";
import { type Backend, clipFactor, type StepSettings } from "../backend.ts";
import { type Dropout, dropoutKey, dropoutMask } from "../dropout.ts";
import { batchLosses } from "../evaluation.ts";
import type { Batch } from "../examples.ts";
import { crossEntropy } from "../operations.ts";
import { type Optimizer, optimizers } from "../optimizers.ts";
import { fromTensor, mapValues, toTensor, type Weights } from "../parameters.ts";
import { lastLogProbs } from "../tensorflow_model.ts";

/** TensorFlow.js with automatic differentiation. It can train every network. */
export const tensorflow: Backend = {
  unsupportedReason: (_network, { workers = 1 }) => workers > 1 ? "it has one thread" : undefined,

  start(network, state, settings) {
    const optimizer = optimizers[settings.optimizer];
    let weights = mapValues(state.parameters, toTensor);
    let optimizerState = mapValues(state.optimizerState, (tensors) => tensors.map(toTensor));
    return {
      step(batch, learningRate, step) {
        const before = [weights, optimizerState];
        const update = { optimizer, learningRate, settings, step };
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

  evaluator(network, parameters) {
    const weights = mapValues(parameters, toTensor);
    return {
      measureBuffers(train) {
        if (network.learns === "by counting" || !network.measureBuffers) return {};
        const measured = network.measureBuffers(weights, train);
        for (const [name, buffer] of Object.entries(measured)) {
          weights[name].dispose();
          weights[name] = toTensor(buffer);
        }
        return measured;
      },
      losses: (batch) => batchLosses(network, weights, batch),
      lastLogProbs: (tokens, batch) => lastLogProbs(network, weights, tokens, batch),
      dispose: () => dispose(weights),
    };
  },
};

type OptimizerState = Record<string, Tensor[]>;

/** How a step changes the weights. */
interface Update {
  optimizer: Optimizer;
  learningRate: number;
  settings: Omit<StepSettings, "batch">;
  step: number;
}

/** Makes one step: the loss of a mini-batch, its gradients, and new weights and optimizer state. */
function makeStep(
  network: TrainedNetwork,
  weights: Weights,
  optimizerState: OptimizerState,
  batch: Batch,
  { optimizer, learningRate, settings, step }: Update,
): { loss: number; weights: Weights; optimizerState: OptimizerState } {
  let loss = NaN;
  let buffers: Weights = Object.fromEntries(network.buffers.map((name) => [name, weights[name]]));
  const nextWeights: Weights = {};
  const nextState: OptimizerState = {};
  tidy(() => {
    const trained = Object.keys(optimizerState);
    const lossOf = lossFunction(network, batch, {
      setBuffers(after) {
        buffers = { ...buffers, ...mapValues(after, (buffer) => keep(buffer)) };
      },
      dropsOut: (settings.dropout ?? 0) > 0,
      dropout: dropoutOf({ share: settings.dropout ?? 0, seed: settings.seed ?? 0 }, step),
    });
    const { value, grads } = valueAndGrads((...values: Tensor[]) =>
      lossOf({ ...weights, ...Object.fromEntries(trained.map((name, i) => [name, values[i]])) })
    )(trained.map((name) => weights[name]));
    loss = value.dataSync()[0];
    const factor = settings.clip === undefined ? 1 : clipFactor(normOf(grads), settings.clip);
    trained.forEach((name, i) => {
      const gradient = factor < 1 ? mul(grads[i], factor) : grads[i];
      const decay = weights[name].rank > 1 ? learningRate * (settings.weightDecay ?? 0) : 0;
      const weight = decay > 0 ? mul(weights[name], 1 - decay) : weights[name];
      const state = optimizerState[name];
      const next = optimizer.update({ weight, gradient, state, learningRate, step, beta2: settings.beta2 });
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
  training: TrainingPass,
): (weights: Weights) => Scalar {
  const x = tensor2d(tokens, [count, tokens.length / count], "int32"); // (b, t)
  const y = tensor1d(targets, "int32"); // (positions)
  return (weights) => {
    const logits = network.logits(weights, x, training); // (b, V) or (b, t, V)
    const nll = crossEntropy(reshape(logits, [targets.length, network.vocabularySize]), y);
    return network.penalty ? add<Scalar>(nll, network.penalty(weights)) : nll;
  };
}

/** The Euclidean norm of tensors as one vector, in float64. */
function normOf(tensors: readonly Tensor[]): number {
  let squares = 0;
  for (const tensor of tensors) for (const value of tensor.dataSync()) squares += value * value;
  return Math.sqrt(squares);
}

/** Dropout of a step: each call is the next layer of dropout. */
function dropoutOf(dropout: Dropout, step: number): TrainingPass["dropout"] {
  if (dropout.share === 0) return (x) => x;
  let layer = 0;
  return (x) => {
    const [rows, columns] = (x as Tensor2D).shape;
    const mask = dropoutMask(dropout, dropoutKey(dropout, step, layer++), rows, columns);
    return mul(x, tensor2d(mask, [rows, columns]));
  };
}
