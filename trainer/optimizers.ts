import { add, div, mul, sqrt, square, sub, type Tensor } from "@tensorflow/tfjs";

/**
 * A way down the gradient. It keeps nothing itself: what it remembers of a weight is in the weight's slots.
 */
export interface Optimizer {
  /** How many tensors, shaped like the weight and zero at first, it remembers of each weight. */
  readonly slots: number;
  /**
   * One update of one weight.
   *
   * @param step From 0.
   * @returns The weight and its slots after it.
   */
  update(update: {
    weight: Tensor;
    gradient: Tensor;
    slots: readonly Tensor[];
    learningRate: number;
    step: number;
  }): { weight: Tensor; slots: Tensor[] };
}

/** Plain stochastic gradient descent. */
const sgd: Optimizer = {
  slots: 0,
  update: ({ weight, gradient, learningRate }) => ({
    weight: sub(weight, mul(gradient, learningRate)),
    slots: [],
  }),
};

/** Gradient descent with momentum 0.9, as `torch.optim.SGD(momentum=0.9)` takes it: v = 0.9 v + g. */
const momentum: Optimizer = {
  slots: 1,
  update({ weight, gradient, slots: [velocity], learningRate }) {
    const next = add(mul(velocity, 0.9), gradient);
    return { weight: sub(weight, mul(next, learningRate)), slots: [next] };
  },
};

/**
 * Adam with its usual constants.
 *
 * Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
 */
const adam: Optimizer = {
  slots: 2,
  update({ weight, gradient, slots: [mean, variance], learningRate, step }) {
    const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
    const nextMean = add(mul(mean, beta1), mul(gradient, 1 - beta1));
    const nextVariance = add(mul(variance, beta2), mul(square(gradient), 1 - beta2));
    const unbiasedMean = div(nextMean, 1 - beta1 ** (step + 1));
    const unbiasedVariance = div(nextVariance, 1 - beta2 ** (step + 1));
    const direction = div(unbiasedMean, add(sqrt(unbiasedVariance), epsilon));
    return { weight: sub(weight, mul(direction, learningRate)), slots: [nextMean, nextVariance] };
  },
};

/** Every optimizer, by the name that the command line knows it by. */
export const optimizers = { sgd, momentum, adam } as const satisfies Record<string, Optimizer>;
export type OptimizerName = keyof typeof optimizers;
