import { DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { logProbsOfWords } from "../shared/scoring.ts";
import { makeCorpus } from "../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../trainer/list_file.ts";
import { alternate, type Bench, secondsOf } from "./measure.ts";
import { openModel } from "./models.ts";
import { blasOfPyTorch, hasPyTorch, importTorch, measureInPython } from "./python.ts";

const ROUNDS = 5;
/** Words that are scored together: about 4,096 positions. */
const BATCH_WORDS = 600;

/** Scores the list in batches: a forward pass and cross-entropy. */
const PYTORCH = `
import sys, time
${importTorch(1)}
import torch.nn.functional as F
g = torch.Generator().manual_seed(42)
C = torch.randn((27, 10), generator=g); W1 = torch.randn((30, 200), generator=g) * 0.3
b1 = torch.zeros(200); W2 = torch.randn((200, 27), generator=g) * 0.1; b2 = torch.zeros(27)
words = open(sys.argv[1]).read().split()
start = time.process_time()
X, Y = [], []
for word in words:
    context = [0] * 3
    for ix in [ord(c) - 96 for c in word] + [0]:
        X.append(context); Y.append(ix); context = context[1:] + [ix]
X, Y = torch.tensor(X), torch.tensor(Y)
built = time.process_time()
with torch.no_grad():
    for i in range(0, len(X), 4096):
        logits = torch.tanh(C[X[i:i + 4096]].view(-1, 30) @ W1 + b1) @ W2 + b2
        F.cross_entropy(logits, Y[i:i + 4096], reduction="none")
end = time.process_time()
print(len(X) / (end - (start if sys.argv[2] == "all" else built)))
`;

/** Scoring the training list, without a server. */
export const scoring: Bench = {
  title: "bulk scoring, in process",
  async run(tell) {
    const { model } = await openModel("mlp");
    const corpus = makeCorpus(await readList(DEFAULT_LIST));
    const words = [...corpus.words.train, ...corpus.words.dev, ...corpus.words.test];
    const positions = words.reduce((sum, word) => sum + word.length + 1, 0);
    const rate = async (cache: DistributionCache) => {
      const start = secondsOf("CPU");
      for (let first = 0; first < words.length; first += BATCH_WORDS) {
        await logProbsOfWords(cache, words.slice(first, first + BATCH_WORDS));
      }
      return positions / (secondsOf("CPU") - start);
    };
    const warm = new DistributionCache(model);
    await rate(warm);
    const rates = await alternate(ROUNDS, {
      cold: () => rate(new DistributionCache(model)),
      warm: () => rate(warm),
      forward: () => (hasPyTorch ? measureInPython(PYTORCH, DEFAULT_LIST, "forward") : NaN),
      all: () => (hasPyTorch ? measureInPython(PYTORCH, DEFAULT_LIST, "all") : NaN),
    });
    if (!hasPyTorch) {
      tell("SKIPPED: the forward pass in PyTorch, because python3 has no torch");
      return [];
    }
    const forward = {
      unit: "positions/s of CPU time",
      peer: "PyTorch, forward pass in batches of 4096",
      theirs: rates.forward,
      note: blasOfPyTorch(),
    };
    const all = {
      unit: "positions/s of CPU time",
      peer: "PyTorch, contexts and forward pass",
      theirs: rates.all,
      note: forward.note,
    };
    return [
      { what: "the whole list, cold", ours: rates.cold, ...forward },
      { what: "the whole list, warm", ours: rates.warm, ...forward },
      { what: "the whole list, warm", ours: rates.warm, ...all },
    ];
  },
};
