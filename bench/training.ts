import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { TorchGenerator } from "../shared/random/torch.ts";
import { buildNetwork } from "../trainer/architecture.ts";
import { mlp } from "../trainer/architectures/mlp.ts";
import type { BackendName } from "../trainer/backends/all.ts";
import { makeCorpus } from "../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../trainer/list_file.ts";
import { makeExamples, WindowExamples } from "../trainer/examples.ts";
import { fit, initialState } from "../trainer/fit.ts";
import { startTensorFlow } from "../trainer/tensorflow.ts";
import {
  alternate,
  type Bench,
  type Clock,
  CLOCKS,
  type Finding,
  secondsOf,
  type Spread,
  spread,
} from "./measure.ts";
import { blasOfPyTorch, hasPyTorch, importTorch, measureInPython } from "./python.ts";

const ROUNDS = 5;
/** The notebook's settings. Each step draws a mini-batch and reads its loss. */
const [n, m, h, B, LEARNING_RATE] = [3, 10, 200, 32, 0.1];
/** Steps that take about a second. */
const STEPS = { fused: 15_000, tensorflow: 2000, tfjs: 1000, pytorch: 1500 };
const WARM_UP = 100;
/** The notebook's steps, and its dev NLL after them. */
const NOTEBOOK_STEPS = 200_000;
const NOTEBOOK_DEV_NLL = 2.1046;

/** The notebook's loop; prints steps a second. */
const PYTORCH = `
import sys, time
clock = getattr(time, sys.argv[1])
threads, steps, warm_up, count, V = map(int, sys.argv[2:])
${importTorch("threads")}
import torch.nn.functional as F
g = torch.Generator().manual_seed(42)
X = torch.randint(0, V, (count, ${n}), generator=g)
Y = torch.randint(0, V, (count,), generator=g)
C = torch.randn((V, ${m}), generator=g)
W1 = torch.randn((${n * m}, ${h}), generator=g) * (5 / 3) / ${n * m} ** 0.5
b1 = torch.randn(${h}, generator=g) * 0.01
W2 = torch.randn((${h}, V), generator=g) * 0.01
b2 = torch.zeros(V)
parameters = [C, W1, b1, W2, b2]
for p in parameters:
    p.requires_grad = True
losses = []
for step in range(warm_up + steps):
    if step == warm_up:
        start = clock()
    ix = torch.randint(0, count, (${B},), generator=g)
    hidden = torch.tanh(C[X[ix]].view(${B}, -1) @ W1 + b1)
    loss = F.cross_entropy(hidden @ W2 + b2, Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -${LEARNING_RATE} * p.grad
    losses.append(loss.item())
print(steps / (clock() - start))
`;

/** Training speed of the notebook's MLP. */
export const training: Bench = {
  title: `training, context ${n}, embedding ${m}, hidden ${h}, batch ${B}, SGD, one thread`,
  async run(tell) {
    await startTensorFlow();
    const corpus = makeCorpus(await readList(DEFAULT_LIST));
    const V = corpus.vocabulary.size;
    const { train } = makeExamples(corpus, n);
    const ofPyTorch = (threads: number, clock: Clock = "wall") =>
      measureInPython(
        PYTORCH,
        CLOCKS[clock],
        ...[threads, STEPS.pytorch, WARM_UP, train.count, V].map(String),
      );
    const measures = {
      fused: () => fitRate("fused", V, train),
      tensorflow: () => fitRate("tensorflow", V, train),
      tfjs: () => naiveRate(V, train),
      ...(hasPyTorch && {
        pytorch1: () => ofPyTorch(1),
        pytorch2: () => ofPyTorch(2),
        "fused, CPU": () => fitRate("fused", V, train, "CPU"),
        "pytorch1, CPU": () => ofPyTorch(1, "CPU"),
      }),
    };
    if (!hasPyTorch) tell("SKIPPED: PyTorch, because no python3 imports torch");
    await fitRate("fused", V, train); // compiles
    tell(`${ROUNDS} rounds of ${Object.keys(measures).join(", ")}`);
    const rates: Partial<Record<string, Spread>> = await alternate<string>(ROUNDS, measures);
    const rows: [what: string, peer: string, theirs: string][] = [
      ["fused", "our backend tensorflow", "tensorflow"],
      ["fused", "TensorFlow.js, tf.train.sgd().minimize", "tfjs"],
      ["fused", "PyTorch, one thread", "pytorch1"],
      ["fused, CPU", "PyTorch, one thread", "pytorch1, CPU"],
      ["fused", "PyTorch, two threads", "pytorch2"],
      ["tensorflow", "TensorFlow.js, tf.train.sgd().minimize", "tfjs"],
      ["tensorflow", "PyTorch, one thread", "pytorch1"],
    ];
    const findings = rows.flatMap(([what, peer, name]): Finding[] => {
      const [ours, theirs] = [rates[what], rates[name]];
      if (!ours || !theirs) return [];
      const note = name.startsWith("pytorch") ? blasOfPyTorch() : undefined;
      const unit = what.endsWith("CPU") ? "steps/s of CPU time" : "steps/s";
      return [{ what: `backend ${what}`, unit, ours, peer, theirs, note }];
    });
    const names = process.env.EDGEMORE_NAMES;
    if (!names) {
      tell(
        "SKIPPED: seconds to the notebook's dev NLL, because EDGEMORE_NAMES is not set to the path of its list",
      );
    } else if (rates.pytorch1) {
      const { median, min, max } = rates.pytorch1;
      findings.push({
        what: `the command line, to dev NLL ${NOTEBOOK_DEV_NLL} and .onnx`,
        unit: "s",
        ours: commandLineSeconds(names),
        peer: "PyTorch, one thread, the steps of the notebook alone, at the rate above",
        theirs: {
          median: NOTEBOOK_STEPS / median,
          min: NOTEBOOK_STEPS / max,
          max: NOTEBOOK_STEPS / min,
        },
      });
    }
    return findings;
  },
};

/** Seconds from the command line to the written model: the notebook's recipe with a cosine schedule. */
function commandLineSeconds(names: string): Spread {
  const directory = mkdtempSync(join(tmpdir(), "edgemore-"));
  try {
    return spread(Array.from({ length: 3 }, () => {
      const flags = ["--data", names, "--schedule", "cosine", "--out", directory];
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, ["task", "train", ...flags], {
        encoding: "utf8",
      });
      const seconds = (performance.now() - start) / 1000;
      if (status !== 0) throw new Error(`Cannot train: ${stderr}`);
      const { nll } = JSON.parse(readFileSync(join(directory, "mlp.json"), "utf8"));
      if (!(nll.dev <= NOTEBOOK_DEV_NLL)) throw new Error(`It ended at a dev NLL of ${nll.dev}`);
      return seconds;
    }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Steps a second of `fit`, as `deno task train` calls it, with a dev split of one example. */
async function fitRate(
  backend: BackendName,
  V: number,
  train: WindowExamples,
  clock: Clock = "wall",
): Promise<number> {
  const network = buildNetwork(mlp, { context: n, embedding: m, hidden: h }, V);
  const generator = new TorchGenerator(42);
  const begin = initialState(network, network.initialise(generator), generator, { optimizer: "sgd" });
  const dev = new WindowExamples([[]], n);
  const settings = { batch: B, lr: LEARNING_RATE, schedule: "constant", optimizer: "sgd", backend } as const;
  const run = (steps: number) => fit(network, { train, dev }, { ...settings, steps }, begin);
  await run(WARM_UP);
  const start = secondsOf(clock);
  await run(STEPS[backend]);
  return STEPS[backend] / (secondsOf(clock) - start);
}

/** Steps a second of TensorFlow.js as its documentation uses it; one-hot rows, because `gather` has no gradient in WebAssembly. */
function naiveRate(V: number, examples: WindowExamples): number {
  const generator = new TorchGenerator(42);
  const normal = (shape: [number] | [number, number], scale: number) =>
    tf.variable(tf.tidy(() => {
      const values = generator.randn(shape.reduce((a: number, b) => a * b, 1));
      return tf.mul(tf.tensor(values, shape), scale);
    }));
  const C = normal([V, m], 1);
  const W1 = normal([n * m, h], 5 / 3 / Math.sqrt(n * m));
  const b1 = normal([h], 0.01);
  const W2 = normal([h, V], 0.01);
  const b2 = normal([V], 0);
  const optimizer = tf.train.sgd(LEARNING_RATE);
  const losses: number[] = [];
  const step = () => {
    const { tokens, targets } = examples.batch(generator.randint(examples.count, B));
    tf.tidy(() => {
      const x = tf.cast(tf.oneHot(tf.tensor1d(tokens, "int32"), V), "float32") as tf.Tensor2D; // (B * n, V)
      const y = tf.cast(tf.oneHot(tf.tensor1d(targets, "int32"), V), "float32"); // (B, V)
      const loss = optimizer.minimize(() => {
        const embedded = tf.reshape(tf.matMul(x, C as tf.Tensor2D), [B, n * m]) as tf.Tensor2D;
        const hidden = tf.tanh(tf.add(tf.matMul(embedded, W1 as tf.Tensor2D), b1)) as tf.Tensor2D;
        const logits = tf.add(tf.matMul(hidden, W2 as tf.Tensor2D), b2);
        return tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar;
      }, true);
      losses.push(loss!.dataSync()[0]);
    });
  };
  for (let i = 0; i < WARM_UP; i++) step();
  const start = performance.now();
  for (let i = 0; i < STEPS.tfjs; i++) step();
  const seconds = (performance.now() - start) / 1000;
  tf.dispose([C, W1, b1, W2, b2]);
  optimizer.dispose();
  return STEPS.tfjs / seconds;
}
