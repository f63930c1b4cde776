import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { mlp } from "../../../trainer/architectures/mlp.ts";
import { type Backend, clipFactor } from "../../../trainer/backend.ts";
import { backends } from "../../../trainer/backends/all.ts";
import type { Batch } from "../../../trainer/examples.ts";
import { type FitSettings, initialState } from "../../../trainer/fit.ts";
import type { Parameter, Parameters } from "../../../trainer/parameters.ts";
import { schedules, warmUp } from "../../../trainer/schedules.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";

beforeAll(startTensorFlow);

const STEPS = 20;
const V = 5;
const network = buildNetwork(mlp, { context: 2, embedding: 3, hidden: 4 }, V);

/** sin(offset + 1.7 i), row-major. */
function wave(offset: number, ...shape: number[]): Parameter {
  const length = shape.reduce((a, b) => a * b);
  return { shape, values: Float32Array.from({ length }, (_, i) => Math.sin(offset + 1.7 * i)) };
}

const parameters: Parameters = {
  C: wave(1, V, 3),
  W1: wave(2, 6, 4),
  b1: wave(3, 4),
  W2: wave(4, 4, V),
  b2: wave(5, V),
};

const batches = Array.from({ length: STEPS }, (_, step): Batch => {
  const rows = [0, 1, 2, 3, 4, 5];
  return {
    tokens: Int32Array.from(rows.flatMap((i) => [0, 1].map((j) => (step * 7 + i * 3 + j * 2) % V))),
    targets: Int32Array.from(rows, (i) => (step + i * i) % V),
    count: rows.length,
  };
});

type Settings = Omit<FitSettings, "steps" | "batch" | "schedule">;

async function train(backend: Backend, { lr, warmup = 0, ...settings }: Settings) {
  const schedule = warmUp(schedules.cosine, warmup);
  const state = initialState(network, parameters, new TorchGenerator(1), settings);
  const session = await backend.start(network, state, settings);
  const losses = batches.map((batch, step) => session.step(batch, schedule(step, STEPS, lr), step));
  const trained = session.state().parameters;
  session.dispose();
  return { losses, trained };
}

/** Losses of steps 0, 1, 9 and 19, and the first two numbers of each parameter after them, by PyTorch 1.13. */
const TORCH: Record<string, { settings: Settings; losses: number[]; trained: Record<string, number[]> }> = {
  "AdamW with decay of matrices, clipping, warm-up and beta2": {
    settings: { optimizer: "adamw", lr: 0.05, weightDecay: 0.1, clip: 0.5, beta2: 0.99, warmup: 5 },
    losses: [3.3817694187164307, 2.6388251781463623, 1.7085717916488647, 1.525191307067871],
    trained: {
      C: [0.7017314434051514, 0.39592108130455017],
      W1: [1.083304762840271, -0.5198903679847717],
      b1: [-0.16150961816310883, -1.020154595375061],
      W2: [-0.4883754253387451, -0.5688707828521729],
      b2: [-0.7387406826019287, 0.5753530263900757],
    },
  },
  "SGD with clipping": {
    settings: { optimizer: "sgd", lr: 0.5, clip: 0.5 },
    losses: [3.3817694187164307, 2.6649229526519775, 1.8600858449935913, 1.6332613229751587],
    trained: {
      C: [0.7182101607322693, 0.40417930483818054],
      W1: [1.07850980758667, -0.5143228769302368],
      b1: [-0.221012145280838, -1.0436617136001587],
      W2: [-0.7107464075088501, -0.5871951580047607],
      b2: [-0.8424059152603149, 0.4818466603755951],
    },
  },
};

describe.each(["tensorflow", "fused"] as const)("The backend %s goes where PyTorch goes", (name) => {
  test.each(Object.entries(TORCH))("with %s", async (_title, expected) => {
    const { losses, trained } = await train(backends[name], expected.settings);
    [0, 1, 9, 19].forEach((step, i) => expect(losses[step]).toBeCloseTo(expected.losses[i], 5));
    for (const [parameter, values] of Object.entries(expected.trained)) {
      values.forEach((value, i) => expect(trained[parameter].values[i]).toBeCloseTo(value, 5));
    }
  });

  test("a norm that is never exceeded clips nothing", async () => {
    const settings: Settings = { optimizer: "adam", lr: 0.05 };
    expect(await train(backends[name], { ...settings, clip: 100 })).toEqual(
      await train(backends[name], settings),
    );
  });
});

test("clipFactor leaves short gradients alone, and scales long ones to the norm", () => {
  expect(clipFactor(0.4, 0.5)).toBe(1);
  expect(clipFactor(2, 0.5)).toBeCloseTo(0.25, 6);
});
