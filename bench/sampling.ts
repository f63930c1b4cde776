import { DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { NameStream } from "../shared/random/name_stream.ts";
import { sample } from "../shared/sampling.ts";
import { alternate, type Bench, type Finding } from "./measure.ts";
import { type BenchModel, chooseModels, openModel } from "./models.ts";
import { hasPyTorch, measureInPython } from "./python.ts";
import { sampleModels } from "./sampling_models.ts";

const ROUNDS = 5;
const UNIT = "characters/s";

/** The notebook's loop: for each character a forward pass, with gradients tracked, and torch.multinomial. */
const PYTORCH_LOOP = `
import time, torch
import torch.nn.functional as F
torch.set_num_threads(1)
g = torch.Generator().manual_seed(42)
C = torch.randn((27, 10), generator=g); W1 = torch.randn((30, 200), generator=g) * 0.3
b1 = torch.zeros(200); W2 = torch.randn((200, 27), generator=g) * 0.1; b2 = torch.zeros(27)
for p in [C, W1, b1, W2, b2]: p.requires_grad = True
characters, start = 0, time.perf_counter()
while time.perf_counter() - start < 1.5:
    context = [0] * 3
    while True:
        h = torch.tanh(C[torch.tensor([context])].view(1, -1) @ W1 + b1)
        probs = F.softmax(h @ W2 + b2, dim=1)
        ix = torch.multinomial(probs, num_samples=1, generator=g).item()
        context = context[1:] + [ix]
        characters += 1
        if ix == 0: break
print(characters / (time.perf_counter() - start))
`;

/** Sampling names, without a server. */
export const sampling: Bench = {
  title: "sampling, in process, temperature 1",
  async run(tell, options, show) {
    const chosen = await chooseModels(options, tell);
    try {
      show(
        "in process: positions and requests a second, each with new seeds",
        await sampleModels(chosen, tell),
      );
    } finally {
      await chosen.remove();
    }
    if (chosen.named) return [];
    const mlp = await openModel("mlp");
    const cache = new DistributionCache(mlp.model);
    tell("filling the cache");
    await cachedRate(cache, mlp, 100, 1000);
    const rates = await alternate(ROUNDS, {
      ours: () => cachedRate(cache, mlp, 50, 1000),
      requests: () => cachedRate(cache, mlp, 2000, 20),
      session: () => sessionRate(mlp),
      pytorch: () => (hasPyTorch ? measureInPython(PYTORCH_LOOP) : NaN),
    });
    if (!hasPyTorch) tell("SKIPPED: the loop in PyTorch, because python3 has no torch");
    const findings: Finding[] = [
      {
        what: "1,000 names a call, warm",
        unit: UNIT,
        ours: rates.ours,
        peer: "a session call a character",
        theirs: rates.session,
      },
      {
        what: "20 names a call, warm",
        unit: UNIT,
        ours: rates.requests,
        peer: "a session call a character",
        theirs: rates.session,
      },
    ];
    if (hasPyTorch) {
      findings.push({
        what: "1,000 names a call, warm",
        unit: UNIT,
        ours: rates.ours,
        peer: "the notebook's PyTorch loop",
        theirs: rates.pytorch,
      });
    }
    return findings;
  },
};

/** Characters a second that `calls` calls of `sample` make, with n names each. */
async function cachedRate(
  cache: DistributionCache,
  { vocabulary }: BenchModel,
  calls: number,
  n: number,
): Promise<number> {
  let characters = 0;
  const start = performance.now();
  for (let seed = 0; seed < calls; seed++) {
    for (const { name } of await sample(cache, vocabulary, { n, seed: seed % 100 })) {
      characters += name.length + 1;
    }
  }
  return (1000 * characters) / (performance.now() - start);
}

/** Characters a second of a simple loop that runs the ONNX session once for each character. */
async function sessionRate({ model }: BenchModel): Promise<number> {
  const context = new Int32Array(model.contextLength!);
  let characters = 0;
  const start = performance.now();
  for (let index = 0; performance.now() - start < 1000; index++) {
    const stream = new NameStream(42, index);
    context.fill(0);
    let token: number;
    do {
      const { logProbs: row } = await model.step(context, 1, []);
      let left = stream.uniform();
      token = 0;
      while (token < row.length - 1 && (left -= Math.exp(row[token])) >= 0) token++;
      context.copyWithin(0, 1);
      context[context.length - 1] = token;
      characters++;
    } while (token !== 0);
  }
  return (1000 * characters) / (performance.now() - start);
}
