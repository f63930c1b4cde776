import process from "node:process";
import { TorchGenerator } from "../shared/random/torch.ts";
import { buildNetwork } from "../trainer/architecture.ts";
import { transformer } from "../trainer/architectures/transformer.ts";
import { backends } from "../trainer/backends/all.ts";
import { DEFAULT_LIST, makeCorpus, readList } from "../trainer/corpus.ts";
import { type Examples, makeExamples } from "../trainer/examples.ts";
import { initialState } from "../trainer/fit.ts";
import { alternate, type Bench, type Finding, type Spread } from "./measure.ts";
import { hasPyTorch, measureInPython } from "./python.ts";

const ROUNDS = 5;
/** makemore.py's defaults. */
const { layers, heads, embedding } = transformer.hyperparameters.parse({});
const LEARNING_RATE = 5e-4;
/** Mini-batches, and steps that take about a second. */
const STEPS = { 32: 60, 128: 15 };
const BATCHES = [32, 128] as const;
const WARM_UP = 3;

/** The same network of PyTorch's own layers, without dropout; prints steps a second of wall or CPU time. */
const PYTORCH = `
import sys, time, torch
from torch import nn
import torch.nn.functional as F
clock = getattr(time, sys.argv[1])
batch, T, steps, warm_up, V = map(int, sys.argv[2:])
torch.set_num_threads(1)
torch.manual_seed(42)
layer = nn.TransformerEncoderLayer(${embedding}, ${heads}, ${4 * embedding}, dropout=0.0,
    activation=F.gelu, batch_first=True, norm_first=True)
encoder = nn.TransformerEncoder(layer, ${layers}, norm=nn.LayerNorm(${embedding}))
wte, wpe = nn.Embedding(V, ${embedding}), nn.Embedding(T, ${embedding})
head = nn.Linear(${embedding}, V, bias=False)
parameters = [p for part in (encoder, wte, wpe, head) for p in part.parameters()]
optimizer = torch.optim.Adam(parameters, lr=${LEARNING_RATE})
mask = torch.triu(torch.full((T, T), float("-inf")), diagonal=1)
positions = torch.arange(T)
X, Y = torch.randint(0, V, (1000, T)), torch.randint(0, V, (1000, T))
for step in range(warm_up + steps):
    if step == warm_up:
        start = clock()
    ix = torch.randint(0, 1000, (batch,))
    x = encoder(wte(X[ix]) + wpe(positions), mask=mask)
    loss = F.cross_entropy(head(x).view(-1, V), Y[ix].view(-1), ignore_index=-1)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    loss.item()
print(steps / (clock() - start))
`;

const CLOCKS = { wall: "perf_counter", CPU: "process_time" } as const;
type Clock = keyof typeof CLOCKS;

/**
 * Training speed of the Transformer. PyTorch's products are as fast as its BLAS: Debian's package takes the system's, which is the
 * slow reference one unless OpenBLAS is installed.
 */
export const trainingTransformer: Bench = {
  title: `training a Transformer, ${layers} layers, ${heads} heads, embedding ${embedding}, Adam, one thread`,
  async run(tell) {
    const corpus = makeCorpus(await readList(DEFAULT_LIST));
    const V = corpus.vocabulary.size;
    const { train } = makeExamples(corpus, null);
    await fusedRate("wall", 32, 1, V, train); // compiles
    if (!hasPyTorch) {
      tell("SKIPPED: PyTorch, because no python3 imports torch");
      return [];
    }
    const all = longest(train.all());
    const findings: Finding[] = [];
    for (const batch of BATCHES) {
      const steps = STEPS[batch];
      const inBatch = longest(train.batch(new TorchGenerator(1).randint(train.count, batch)));
      const measures: Record<string, () => number | Promise<number>> = {};
      for (const clock of Object.keys(CLOCKS) as Clock[]) {
        const ofPyTorch = (time: number) => () =>
          measureInPython(PYTORCH, CLOCKS[clock], ...[batch, time, steps, WARM_UP, V].map(String));
        measures[`fused, ${clock}`] = () => fusedRate(clock, batch, steps, V, train);
        measures[`all, ${clock}`] = ofPyTorch(all);
        measures[`batch, ${clock}`] = ofPyTorch(inBatch);
      }
      tell(`${ROUNDS} rounds at batch ${batch}`);
      const rates: Record<string, Spread> = await alternate(ROUNDS, measures);
      for (const clock of Object.keys(CLOCKS) as Clock[]) {
        for (const [name, time] of [["all", all], ["batch", inBatch]] as const) {
          findings.push({
            what: `backend fused, batch ${batch}`,
            unit: `steps/s of ${clock} time`,
            ours: rates[`fused, ${clock}`],
            peer: `PyTorch, nn.TransformerEncoder, padded to ${time} positions`,
            theirs: rates[`${name}, ${clock}`],
            note: name === "all" ? "the longest name, as makemore.py" : "the longest name of a mini-batch",
          });
        }
      }
    }
    return findings;
  },
};

/** Positions that examples are padded to. */
function longest({ tokens, count }: { tokens: Int32Array; count: number }): number {
  return tokens.length / count;
}

/** Steps a second of the backend fused, with the mini-batches that they draw. */
async function fusedRate(
  clock: Clock,
  batch: number,
  steps: number,
  V: number,
  train: Examples,
): Promise<number> {
  const network = buildNetwork(transformer, {}, V);
  const generator = new TorchGenerator(42);
  const settings = { optimizer: "adam" } as const;
  const state = initialState(network, network.initialise(generator), generator, settings);
  const session = await backends.fused.start(network, state, settings);
  const seconds = () => clock === "wall" ? performance.now() / 1000 : process.cpuUsage().user / 1e6;
  let start = 0;
  for (let step = 0; step < WARM_UP + steps; step++) {
    if (step === WARM_UP) start = seconds();
    session.step(train.batch(generator.randint(train.count, batch)), LEARNING_RATE, step);
  }
  const rate = steps / (seconds() - start);
  session.dispose();
  return rate;
}
