import {
  dispose,
  keep,
  mul,
  type Scalar,
  type Tensor,
  tensor1d,
  tensor2d,
  tidy,
  valueAndGrads,
} from "@tensorflow/tfjs";
import type { Examples } from "../../shared/context.ts";
import type { TrainedNetwork } from "../architecture.ts";
import type { Backend } from "../backend.ts";
import { type Optimizer, optimizers } from "../optimizers.ts";
import { fromTensor, mapValues, toTensor, type Weights } from "../parameters.ts";

/** TensorFlow.js: the network's own loss, differentiated automatically. It can train every network. */
export const tensorflow: Backend = {
  unsupportedReason: () => undefined,

  start(network, _vocabularySize, { parameters, slots: slotValues }, settings) {
    const optimizer = optimizers[settings.optimizer];
    const weightDecay = settings.weightDecay ?? 0;
    let weights = mapValues(parameters, toTensor);
    let slots = mapValues(slotValues, (ofWeight) => ofWeight.map(toTensor));
    return {
      step(examples, learningRate, step) {
        const before = [weights, slots];
        const { loss, ...after } = descend(network, weights, slots, examples, {
          optimizer,
          learningRate,
          weightDecay,
          step,
        });
        ({ weights, slots } = after);
        dispose(before);
        return loss;
      },
      state: () => ({
        parameters: mapValues(weights, fromTensor),
        slots: mapValues(slots, (ofWeight) => ofWeight.map(fromTensor)),
      }),
      dispose: () => dispose([weights, slots]),
    };
  },
};

type Slots = Record<string, Tensor[]>;

/** What a step does with its gradients. */
interface Update {
  optimizer: Optimizer;
  learningRate: number;
  weightDecay: number;
  step: number;
}

/** One step: the loss of a mini-batch, its gradients, and new weights and slots. */
function descend(
  network: TrainedNetwork,
  weights: Weights,
  slots: Slots,
  { contexts, targets, count }: Examples,
  { optimizer, learningRate, weightDecay, step }: Update,
): { loss: number; weights: Weights; slots: Slots } {
  let loss = NaN;
  let statistics: Weights = Object.fromEntries(network.statistics.map((name) => [name, weights[name]]));
  const nextWeights: Weights = {};
  const nextSlots: Slots = {};
  tidy(() => {
    const x = tensor2d(contexts, [count, network.contextLength], "int32");
    const y = tensor1d(targets, "int32");
    const trained = Object.keys(slots);
    const lossOf = (...values: Tensor[]): Scalar => {
      const all = { ...weights, ...Object.fromEntries(trained.map((name, i) => [name, values[i]])) };
      return network.loss(all, x, y, (after) => {
        statistics = mapValues(after, (statistic) => keep(statistic));
      });
    };
    const { value, grads } = valueAndGrads(lossOf)(trained.map((name) => weights[name]));
    loss = value.dataSync()[0];
    trained.forEach((name, i) => {
      const decay = weights[name].rank > 1 ? learningRate * weightDecay : 0;
      const weight = decay > 0 ? mul(weights[name], 1 - decay) : weights[name];
      const next = optimizer.update({ weight, gradient: grads[i], slots: slots[name], learningRate, step });
      nextWeights[name] = keep(next.weight);
      nextSlots[name] = next.slots.map((slot) => keep(slot));
    });
    // Those that did not change are copied, for their old tensors are disposed of with the others.
    for (const name of network.statistics) {
      const statistic = statistics[name];
      nextWeights[name] = statistic === weights[name] ? keep(statistic.clone()) : statistic;
    }
  });
  return { loss, weights: nextWeights, slots: nextSlots };
}
