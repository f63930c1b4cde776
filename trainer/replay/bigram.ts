import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { TorchGenerator } from "../../shared/random/torch.ts";
import { sample } from "../../shared/sampling.ts";
import { score } from "../../shared/scoring.ts";
import { BOUNDARY_SYMBOL, Vocabulary } from "../../shared/vocabulary.ts";
import { buildNetwork } from "../architecture.ts";
import { bigram } from "../architectures/bigram.ts";
import { bigramNetwork } from "../architectures/bigram_network.ts";
import { bigramHeatMap } from "../charts/bigram_heat_map.ts";
import { oneHotRows } from "../charts/one_hot_rows.ts";
import { WindowExamples } from "../examples.ts";
import { initialState } from "../fit.ts";
import { mapValues, toTensor } from "../parameters.ts";
import { makePictures } from "../pictures.ts";
import { tensorFlowModel } from "../tensorflow_model.ts";
import { close, exact, type Figure, printed } from "./figure.ts";
import type { ReplayOptions } from "./document.ts";
import { run } from "./run.ts";

/** The seed of every generator in this document. */
const SEED = 2147483647;
/** Draw as `torch.multinomial` does, until the boundary. */
const TORCH = { seed: SEED, minLength: 0, maxLength: 256, draws: "torch" } as const;

/** Notes on makemore's first part: bigrams counted, and bigrams as a network. */
export async function* replayBigram(options: ReplayOptions): AsyncGenerator<Figure> {
  // 1. Loading the dataset
  const lines = options.list.lines;
  yield exact("words[:10]", FIRST_TEN, lines.slice(0, 10));
  yield exact("words", 32033, lines.length);
  yield exact("shortest word", 2, Math.min(...lines.map((line) => line.length)));
  yield exact("longest word", 15, Math.max(...lines.map((line) => line.length)));

  // 2. and 3. Bigrams, counted: the boundary is <S> before a word and <E> after it
  const vocabulary = Vocabulary.of(lines);
  const words = lines.map((line) => vocabulary.encode(line));
  const pairs = new Map<string, number>();
  for (const [before, after] of bigramsOf(new WindowExamples(words.slice(0, 3), 1))) {
    const pair = (before === 0 ? "<S>" : vocabulary.symbol(before)) +
      (after === 0 ? "<E>" : vocabulary.symbol(after));
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  yield exact(
    "bigrams of words[:3]",
    FIRST_BIGRAMS,
    Array.from(pairs, ([pair, count]) => `${pair}:${count}`).join(" "),
  );

  // 5. and 6. The count array, with <S> and <E> and with '.' for both
  const all = new WindowExamples(words, 1);
  const symbols = [BOUNDARY_SYMBOL, ...vocabulary.characters];
  const { bigrams } = makePictures(words, {}, vocabulary.size)!;
  options.plot(bigramHeatMap([...symbols.slice(1), "<S>", "<E>"], separateBoundaries(bigrams)));
  options.plot(bigramHeatMap(symbols, bigrams));

  // 8. Sampling from a probability distribution
  const generator = new TorchGenerator(SEED);
  const p = generator.rand(3);
  yield printed("torch.rand(3)", [0.7081, 0.3542, 0.1054], p);
  const sum = p.reduce((a, b) => a + b);
  const normalised = p.map((value) => value / sum);
  yield printed("p / p.sum()", [0.6064, 0.3033, 0.0903], normalised);
  yield exact(
    "torch.multinomial(p, 100)",
    MULTINOMIAL,
    generator.multinomialWithReplacement(normalised, 100).join(""),
  );

  const counted = countedModel(all, 0);
  const probabilities = async (token: number) => (await counted.logProbsAfter([token])).map(Math.exp);
  const first = new TorchGenerator(SEED).multinomial(await probabilities(0));
  yield exact("first character", "3 c", `${first} ${vocabulary.symbol(first)}`);

  // 9. Generating words, and 11. with the matrix P
  const names = await sample(counted, vocabulary, { ...TORCH, n: 10 });
  yield exact("ten names", BIGRAM_NAMES, names.map(({ name }) => name));
  const next = vocabulary.encode(names[0].name)[1];
  yield exact("next character", "5 e", `${next} ${vocabulary.symbol(next)}`);

  // 10. Comparison with uniform sampling
  const uniform = await sample(UNIFORM, vocabulary, { ...TORCH, n: 10 });
  yield exact("ten uniform names", UNIFORM_NAMES, uniform.map(({ name }) => name));

  // 13. Evaluating the quality of the model
  const scores = await Promise.all(lines.slice(0, 3).map((line) => score(counted, vocabulary, line)));
  const characters = scores.flatMap((scored) => scored.characters);
  yield printed(
    "probabilities of words[:3]",
    PROBABILITIES,
    characters.map(({ probability }) => probability),
  );
  const logLikelihood = scores.reduce((total, scored) => total + scored.logLikelihood, 0);
  yield printed("log-likelihood of words[:3]", -38.7856, logLikelihood);
  yield printed("mean NLL of words[:3]", 2.4241, -logLikelihood / characters.length);
  const float32Sum = await sumInFloat32(counted, all);
  yield close("log-likelihood of all words, summed in float32", -559891.75, float32Sum);
  yield printed("mean NLL of all words, summed in float32", 2.4541, -float32Sum / all.count);
  yield exact("NLL of andrejq", Infinity, (await score(counted, vocabulary, "andrejq")).nll);

  // 14. Laplace smoothing
  const smoothed = await score(countedModel(all, 1), vocabulary, "andndrejq");
  yield printed("log-likelihood of andndrejq, smoothed", -36.2776, smoothed.logLikelihood);
  yield printed("mean NLL of andndrejq, smoothed", 3.6278, smoothed.nll);

  // 15. to 18. The network, on emma
  const emma = new WindowExamples(words.slice(0, 1), 1);
  const { tokens, targets } = emma.all();
  yield exact("xs of emma", [0, 5, 13, 13, 1], tokens);
  yield exact("ys of emma", [5, 13, 13, 1, 0], targets);
  options.plot(oneHotRows(tokens, symbols));
  const network = buildNetwork(bigramNetwork, { penalty: 0.01 }, vocabulary.size);
  const weights = new TorchGenerator(SEED);
  const initial = network.initialise(weights);
  const untrained = new DistributionCache(tensorFlowModel(network, mapValues(initial, toTensor)));
  const emmaScore = await score(untrained, vocabulary, "emma");
  for (const [i, figure] of EMMA_NLL.entries()) {
    yield close(`NLL of bigram ${i + 1} of emma`, figure, emmaScore.characters[i].nll);
  }
  yield close("mean NLL of emma", 3.7693049907684326, emmaScore.nll);

  // 20. Full training on the dataset
  yield exact("examples", 228146, all.count);
  const settings = { steps: 100, batch: "all", lr: 50, schedule: "constant", optimizer: "sgd" } as const;
  const start = initialState(network, initial, weights, settings);
  const { state, losses } = await run(
    options,
    "bigram network",
    network,
    { train: all, dev: emma },
    settings,
    start,
  );
  yield close("loss of epoch 100", 2.4901304244995117, losses[99]);

  // 23. Sampling from the network
  const trained = new DistributionCache(tensorFlowModel(network, mapValues(state.parameters, toTensor)));
  const fromNetwork = await sample(trained, vocabulary, { ...TORCH, n: 5 });
  yield exact("five names of the network", NETWORK_NAMES, fromNetwork.map(({ name }) => name));
}

function countedModel(examples: WindowExamples, smoothing: number): DistributionCache {
  const network = buildNetwork(bigram, { smoothing }, 27);
  return new DistributionCache(tensorFlowModel(network, mapValues(network.count(examples), toTensor)));
}

/** A model with a uniform distribution. */
const UNIFORM = new DistributionCache({
  vocabularySize: 27,
  contextLength: 1,
  states: [],
  step: (_tokens, batch) =>
    Promise.resolve({ logProbs: new Float32Array(batch * 27).fill(-Math.log(27)), present: [] }),
});

/**
 * The counts with <S> and <E>, after the characters, in place of the boundary. Nothing leads to <S> and nothing follows <E>:
 * a column and a row stay empty.
 */
function separateBoundaries([start, ...rows]: number[][]): number[][] {
  const split = [...rows, start].map(([end, ...counts]) => [...counts, 0, end]);
  return [...split, split[0].map(() => 0)];
}

function* bigramsOf(examples: WindowExamples): Generator<[before: number, after: number]> {
  const { tokens, targets, count } = examples.all();
  for (let i = 0; i < count; i++) yield [tokens[i], targets[i]];
}

/** Sums in float32 as the notebook does, which loses 18 nats over 228,146 numbers. */
async function sumInFloat32(cache: DistributionCache, examples: WindowExamples): Promise<number> {
  const vocabulary = Array.from({ length: cache.vocabularySize }, (_, token) => token);
  const rows = await Promise.all(vocabulary.map((token) => cache.logProbsAfter([token])));
  const { tokens, targets } = examples.all();
  return targets.reduce((sum, target, i) => Math.fround(sum + rows[tokens[i]][target]), 0);
}

// deno-fmt-ignore
const FIRST_TEN = [
  "emma", "olivia", "ava", "isabella", "sophia", "charlotte", "mia", "amelia", "harper", "evelyn",
];
const FIRST_BIGRAMS = "<S>e:1 em:1 mm:1 ma:1 a<E>:3 <S>o:1 ol:1 li:1 iv:1 vi:1 ia:1 <S>a:1 av:1 va:1";
const MULTINOMIAL = "11200211000110011001020010010001110110011101101102" +
  "00000000001100000000100100000001200000010020100111";
// deno-fmt-ignore
const BIGRAM_NAMES = [
  "cexze", "momasurailezitynn", "konimittain", "llayn", "ka", "da", "staiyaubrtthrigotai", "moliellavo", "ke", "teda",
];
// deno-fmt-ignore
const UNIFORM_NAMES = [
  "cexzm", "zoglkurkicqzktyhwmvmzimjttainrlkfukzkktda", "sfcxvpubjtbhrmgotzx",
  "iczixqctvujkwptedogkkjemkmmsidguenkbvgynywftbspmhwcivgbvtahlvsu", "dsdxxblnwglhpyiw", "igwnjwrpfdwipkwzkm",
  "desu", "firmt", "gbiksjbquabsvoth", "kuysxqevhcmrbxmcwyhrrjenvxmvpfkmwmghfvjzxobomysox",
];
// deno-fmt-ignore
const PROBABILITIES = [
  0.0478, 0.0377, 0.0253, 0.3899, 0.196, 0.0123, 0.078, 0.1777, 0.0152, 0.3541, 0.1381, 0.196,
  0.1377, 0.0246, 0.2495, 0.196,
];
const EMMA_NLL = [
  4.399273872375488,
  4.014570713043213,
  3.623408794403076,
  2.6080665588378906,
  4.201204299926758,
];
const NETWORK_NAMES = ["cexze", "momasurailezityha", "konimittain", "llayn", "ka"];
