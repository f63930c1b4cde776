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
  ["adamw", [0.7522887587547302, -2.2507214546203613, 0.2508980333805084]], // weight_decay=0
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

// By torch.optim.AdamW with its default weight decay, from the same point.
test("adamw decays the weight before its step by learning rate times 0.01, as PyTorch's", () => {
  const { adamw } = optimizers;
  let weight: Tensor = tensor1d([1, -2, 0.5]);
  let state: Tensor[] = [tensor1d([0, 0, 0]), tensor1d([0, 0, 0])];
  for (let step = 0; step < 5; step++) {
    const gradient = add(mul(square(weight), 3), tensor1d([1, 2, 3]));
    const decayed = mul(weight, 1 - 0.05 * adamw.weightDecay!);
    ({ weight, state } = adamw.update({ weight: decayed, gradient, state, learningRate: 0.05, step }));
  }
  const expected = [0.7500682473182678, -2.2454655170440674, 0.24990269541740417];
  expected.forEach((value, i) => expect(weight.dataSync()[i]).toBeCloseTo(value, 6));
});
