import { TorchGenerator } from "../shared/random/torch.ts";
import { buildNetwork, type TrainedNetwork } from "../trainer/architecture.ts";
import { gru } from "../trainer/architectures/gru.ts";
import { transformer } from "../trainer/architectures/transformer.ts";
import { backends } from "../trainer/backends/all.ts";
import { makeCorpus } from "../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../trainer/list_file.ts";
import { type Examples, makeExamples } from "../trainer/examples.ts";
import { initialState } from "../trainer/fit.ts";
import {
  alternate,
  type Bench,
  type Clock,
  CLOCKS,
  type Finding,
  secondsOf,
  type Spread,
} from "./measure.ts";
import { blasOfPyTorch, hasPyTorch, importTorch, measureInPython } from "./python.ts";

const ROUNDS = 5;
const LEARNING_RATE = 5e-4;
const BATCHES = [32, 128] as const;
const WARM_UP = 3;

/** A network to train, and the same network of PyTorch's own layers. */
interface Contest {
  title: string;
  network(vocabularySize: number): TrainedNetwork;
  /** PyTorch's name for it. */
  peer: string;
  /** Defines `modules` and `logits(x)` for tokens [batch, T]. */
  pytorch: string;
  /** Steps that take about a second, by batch size. */
  steps: Record<(typeof BATCHES)[number], number>;
}

/** Trains with Adam on random tokens; prints steps a second of wall or CPU time. */
const pytorch = (model: string) => `
import sys, time
${importTorch(1)}
from torch import nn
import torch.nn.functional as F
clock = getattr(time, sys.argv[1])
batch, T, steps, warm_up, V = map(int, sys.argv[2:])
torch.manual_seed(42)
${model}
optimizer = torch.optim.Adam([p for part in modules for p in part.parameters()], lr=${LEARNING_RATE})
X, Y = torch.randint(0, V, (1000, T)), torch.randint(0, V, (1000, T))
for step in range(warm_up + steps):
    if step == warm_up:
        start = clock()
    ix = torch.randint(0, 1000, (batch,))
    loss = F.cross_entropy(logits(X[ix]).view(-1, V), Y[ix].view(-1), ignore_index=-1)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    loss.item()
print(steps / (clock() - start))
`;

const { layers, heads, embedding } = transformer.hyperparameters.parse({});

/** Training speed of the Transformer, makemore.py's defaults, without dropout. */
export const trainingTransformer: Bench = trainingBench({
  title: `training a Transformer, ${layers} layers, ${heads} heads, embedding ${embedding}, Adam, one thread`,
  network: (V) => buildNetwork(transformer, {}, V),
  peer: "nn.TransformerEncoder",
  steps: { 32: 60, 128: 15 },
  pytorch: `
layer = nn.TransformerEncoderLayer(${embedding}, ${heads}, ${4 * embedding}, dropout=0.0,
    activation=F.gelu, batch_first=True, norm_first=True)
encoder = nn.TransformerEncoder(layer, ${layers}, norm=nn.LayerNorm(${embedding}))
wte, wpe = nn.Embedding(V, ${embedding}), nn.Embedding(T, ${embedding})
head = nn.Linear(${embedding}, V, bias=False)
mask = torch.triu(torch.full((T, T), float("-inf")), diagonal=1)
positions = torch.arange(T)
modules = (encoder, wte, wpe, head)
logits = lambda x: head(encoder(wte(x) + wpe(positions), mask=mask))`,
});

const { embedding: gruEmbedding, hidden } = gru.hyperparameters.parse({});
const HIDDEN = [hidden, 128] as const;

/** Training speed of the GRU, makemore.py's defaults and a larger hidden size. */
export const trainingGru: Bench = {
  title: `training a GRU, embedding ${gruEmbedding}, Adam, one thread`,
  async run(tell, options, show) {
    const findings: Finding[] = [];
    for (const hidden of HIDDEN) {
      const bench = trainingBench({
        title: `hidden size ${hidden}`,
        network: (V) => buildNetwork(gru, { hidden }, V),
        peer: "nn.GRU",
        steps: hidden < 128 ? { 32: 300, 128: 80 } : { 32: 120, 128: 30 },
        pytorch: `
wte, rnn = nn.Embedding(V, ${gruEmbedding}), nn.GRU(${gruEmbedding}, ${hidden}, batch_first=True)
head = nn.Linear(${hidden}, V)
modules = (wte, rnn, head)
logits = lambda x: head(rnn(wte(x))[0])`,
      });
      tell(bench.title);
      for (const finding of await bench.run(tell, options, show)) {
        findings.push({ ...finding, what: `${finding.what}, ${bench.title}` });
      }
    }
    return findings;
  },
};

/**
 * Compares the backend fused with PyTorch. The note of each ratio names PyTorch's BLAS.
 */
function trainingBench({ title, network, peer, steps, pytorch: model }: Contest): Bench {
  return {
    title,
    async run(tell) {
      const corpus = makeCorpus(await readList(DEFAULT_LIST));
      const V = corpus.vocabulary.size;
      const { train } = makeExamples(corpus, null);
      await fusedRate(network(V), "wall", 32, 1, train); // compiles
      if (!hasPyTorch) {
        tell("SKIPPED: PyTorch, because no python3 imports torch");
        return [];
      }
      const library = blasOfPyTorch();
      const all = longest(train.all());
      const findings: Finding[] = [];
      for (const batch of BATCHES) {
        const inBatch = longest(train.batch(new TorchGenerator(1).randint(train.count, batch)));
        const measures: Record<string, () => number | Promise<number>> = {};
        for (const clock of Object.keys(CLOCKS) as Clock[]) {
          const ofPyTorch = (time: number) => () =>
            measureInPython(
              pytorch(model),
              CLOCKS[clock],
              ...[batch, time, steps[batch], WARM_UP, V].map(String),
            );
          measures[`fused, ${clock}`] = () => fusedRate(network(V), clock, batch, steps[batch], train);
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
              peer: `PyTorch, ${peer}, padded to ${time} positions`,
              theirs: rates[`${name}, ${clock}`],
              note: `${
                name === "all" ? "the longest name, as makemore.py" : "the longest name of a mini-batch"
              }; ${library}`,
            });
          }
        }
      }
      return findings;
    },
  };
}

/** Positions that examples are padded to. */
function longest({ tokens, count }: { tokens: Int32Array; count: number }): number {
  return tokens.length / count;
}

/** Steps a second of the backend fused, with the mini-batches that they draw. */
export async function fusedRate(
  network: TrainedNetwork,
  clock: Clock,
  batch: number,
  steps: number,
  train: Examples,
  workers = 1,
): Promise<number> {
  const generator = new TorchGenerator(42);
  const settings = { optimizer: "adam", workers } as const;
  const state = initialState(network, network.initialise(generator), generator, settings);
  const session = await backends.fused.start(network, state, settings);
  let start = 0;
  for (let step = 0; step < WARM_UP + steps; step++) {
    if (step === WARM_UP) start = secondsOf(clock);
    session.step(train.batch(generator.randint(train.count, batch)), LEARNING_RATE, step);
  }
  const rate = steps / (secondsOf(clock) - start);
  session.dispose();
  return rate;
}
