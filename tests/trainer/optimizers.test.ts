import { add, mul, square, type Tensor, tensor1d } from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { type OptimizerName, optimizers } from "../../trainer/optimizers.ts";
import { startTensorFlow } from "../../trainer/tensorflow.ts";

beforeAll(startTensorFlow);

// Five steps down sum(p^3) + 1 p0 + 2 p1 + 3 p2 from (1, -2, 0.5) at learning rate 0.05, by PyTorch 1.13.
test.each<[OptimizerName, number[]]>([
  ["sgd", [0.36627355217933655, -34.903568267822266, -0.30905577540397644]],
  ["momentum", [-0.7085774540901184, -150.67152404785156, -1.9073189496994019]],
  ["adam", [0.7522887587547302, -2.2507214546203613, 0.2508980333805084]],
])("%s goes where PyTorch's goes", (name, expected) => {
  const optimizer = optimizers[name];
  let weight: Tensor = tensor1d([1, -2, 0.5]);
  let state: Tensor[] = Array.from({ length: optimizer.stateTensors }, () => tensor1d([0, 0, 0]));
  for (let step = 0; step < 5; step++) {
    const gradient = add(mul(square(weight), 3), tensor1d([1, 2, 3]));
    ({ weight, state } = optimizer.update({ weight, gradient, state, learningRate: 0.05, step }));
  }
  const reached = weight.dataSync();
  expected.forEach((value, i) => expect(Math.abs(reached[i] / value - 1)).toBeLessThan(1e-5));
});
