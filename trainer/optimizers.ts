import { add, div, mul, sqrt, square, sub, type Tensor } from "@tensorflow/tfjs";

/** A rule of gradient descent. It is a pure function: its caller keeps the state of each weight. */
export interface Optimizer {
  /** Tensors in the state of a weight, each of the weight's shape and zero at first. */
  readonly stateTensors: number;
  /** Weight decay if none is given. Default 0. */
  readonly weightDecay?: number;
  /**
   * Updates one weight.
   *
   * @param step From 0.
   * @returns The weight and its state after the step.
   */
  update(update: {
    weight: Tensor;
    gradient: Tensor;
    state: readonly Tensor[];
    learningRate: number;
    step: number;
    /** Adam's second beta. Default {@link BETA2}. */
    beta2?: number;
  }): { weight: Tensor; state: Tensor[] };
}

/** Plain stochastic gradient descent. */
const sgd: Optimizer = {
  stateTensors: 0,
  update: ({ weight, gradient, learningRate }) => ({
    weight: sub(weight, mul(gradient, learningRate)),
    state: [],
  }),
};

/** Gradient descent with momentum 0.9, as `torch.optim.SGD(momentum=0.9)`: v = 0.9 v + g. */
const momentum: Optimizer = {
  stateTensors: 1,
  update({ weight, gradient, state: [velocity], learningRate }) {
    const next = add(mul(velocity, 0.9), gradient);
    return { weight: sub(weight, mul(next, learningRate)), state: [next] };
  },
};

/** How much of Adam's mean square of the gradients stays in a step. */
export const BETA2 = 0.999;

/**
 * Adam with its usual constants, as `torch.optim.Adam`.
 *
 * Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
 */
const adam: Optimizer = {
  stateTensors: 2,
  update({ weight, gradient, state: [mean, variance], learningRate, step, beta2 = BETA2 }) {
    const [beta1, epsilon] = [0.9, 1e-8];
    const nextMean = add(mul(mean, beta1), mul(gradient, 1 - beta1));
    const nextVariance = add(mul(variance, beta2), mul(square(gradient), 1 - beta2));
    const unbiasedMean = div(nextMean, 1 - beta1 ** (step + 1));
    const unbiasedVariance = div(nextVariance, 1 - beta2 ** (step + 1));
    const direction = div(unbiasedMean, add(sqrt(unbiasedVariance), epsilon));
    return { weight: sub(weight, mul(direction, learningRate)), state: [nextMean, nextVariance] };
  },
};

/**
 * Adam with the weight decay of `torch.optim.AdamW`, 0.01. The decay is decoupled from the gradient for every optimizer; see
 * `weightDecay` in backend.ts.
 *
 * Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2, where the decay is not
 * multiplied by the learning rate's initial value, as it is in PyTorch and here.
 */
const adamw: Optimizer = { ...adam, weightDecay: 0.01 };

/** Every optimizer, by its name on the command line. */
export const optimizers = { sgd, momentum, adam, adamw } as const satisfies Record<string, Optimizer>;
export type OptimizerName = keyof typeof optimizers;
