import { beforeAll, describe, expect, test } from "vitest";
import { DistributionCache } from "../../../shared/distribution_cache/distribution_cache.ts";
import { sample } from "../../../shared/sampling.ts";
import { score } from "../../../shared/scoring.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { bigram } from "../../../trainer/architectures/bigram.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { evaluate } from "../../../trainer/evaluation.ts";
import { makeExamples, WindowExamples } from "../../../trainer/examples.ts";
import { mapValues, toTensor } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { tensorFlowModel } from "../../../trainer/tensorflow_model.ts";
import { BIGRAM_NAMES } from "../../notebook_figures.ts";
import { describeWithNames } from "../../notebook_names.ts";

beforeAll(startTensorFlow);

/** The bigram model of some words. */
function countWords(words: number[][], vocabularySize: number, smoothing: number) {
  const network = buildNetwork(bigram, { smoothing }, vocabularySize);
  const weights = mapValues(network.count(new WindowExamples(words, 1)), toTensor);
  return { network, weights, model: new DistributionCache(tensorFlowModel(network, weights)) };
}

describe("bigram", () => {
  test("has the NLL that the counts give, computed from the lines themselves", async () => {
    const corpus = makeCorpus(await readList(DEFAULT_LIST));
    const lines = mapValues(
      corpus.words,
      (words) => words.map((word) => `.${corpus.vocabulary.decode(word)}.`),
    );
    const counts = new Map<string, number>();
    for (const line of lines.train) {
      for (let i = 1; i < line.length; i++) {
        const pair = line.slice(i - 1, i + 1);
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
        counts.set(pair[0], (counts.get(pair[0]) ?? 0) + 1);
      }
    }
    const { network, weights } = countWords(corpus.words.train, 27, 1);
    for (const split of ["train", "dev", "test"] as const) {
      let [sum, pairs] = [0, 0];
      for (const line of lines[split]) {
        for (let i = 1; i < line.length; i++, pairs++) {
          const pair = line.slice(i - 1, i + 1);
          sum -= Math.log(((counts.get(pair) ?? 0) + 1) / ((counts.get(pair[0]) ?? 0) + 27));
        }
      }
      expect(evaluate(network, weights, makeExamples(corpus, 1)[split])).toBeCloseTo(sum / pairs, 6);
    }
  });

  test("without smoothing, gives what was never seen no probability, and what followed nothing an even one", async () => {
    const vocabulary = new Vocabulary("abc");
    const { model } = countWords([[1, 2]], vocabulary.size, 0);
    expect((await score(model, vocabulary, "ab")).logLikelihood).toBe(0);
    expect((await score(model, vocabulary, "ba")).logLikelihood).toBe(-Infinity);
    const afterC = await model.logProbsAfter([3]);
    expect(Array.from(afterC)).toEqual(new Array(4).fill(Math.fround(Math.log(1 / 4))));
  });
});

describeWithNames("bigram on the notebook's list", (path) => {
  // The notebook counts the whole list, not a split of it.
  const load = async () => {
    const { lines } = await readList(path);
    const vocabulary = Vocabulary.of(lines);
    return { lines, vocabulary, words: lines.map((line) => vocabulary.encode(line)) };
  };

  test("unsmoothed, scores as the notebook does", async () => {
    const { lines, vocabulary, words } = await load();
    const { network, weights, model } = countWords(words, 27, 0);
    let [logLikelihood, count] = [0, 0];
    const probabilities: string[] = [];
    for (const line of lines.slice(0, 3)) {
      const scored = await score(model, vocabulary, line);
      logLikelihood += scored.logLikelihood;
      count += scored.characters.length;
      probabilities.push(...scored.characters.map(({ probability }) => probability.toFixed(4)));
    }
    // deno-fmt-ignore
    expect(probabilities.map(Number)).toEqual([
      0.0478, 0.0377, 0.0253, 0.3899, 0.196, 0.0123, 0.078, 0.1777, 0.0152, 0.3541, 0.1381, 0.196,
      0.1377, 0.0246, 0.2495, 0.196,
    ]);
    expect(logLikelihood.toFixed(4)).toBe("-38.7856");
    expect((-logLikelihood / count).toFixed(4)).toBe("2.4241");
    const examples = new WindowExamples(words, 1);
    const { tokens, targets, count: characters } = examples.all();
    const rows = await Promise.all(Array.from({ length: 27 }, (_, token) => model.logProbsAfter([token])));
    // The notebook sums 228,146 float32 numbers in float32, which loses 18 nats on the way; so does this.
    const sum = targets.reduce((sum, target, i) => Math.fround(sum + rows[tokens[i]][target]), 0);
    expect(sum).toBe(-559891.75);
    expect((-sum / characters).toFixed(4)).toBe("2.4541");
    expect(evaluate(network, weights, examples)).toBeCloseTo(2.4540145, 6);
    expect((await score(model, vocabulary, "andrejq")).nll).toBe(Infinity);
  });

  test("unsmoothed, makes the notebook's names", async () => {
    const { vocabulary, words } = await load();
    const options = { n: 10, seed: 2147483647, minLength: 0, draws: "torch" } as const;
    const sampled = await sample(countWords(words, 27, 0).model, vocabulary, options);
    expect(sampled.map(({ name }) => name)).toEqual(BIGRAM_NAMES);
  });

  test("smoothed, scores andndrejq as the notebook does", async () => {
    const { vocabulary, words } = await load();
    const { logLikelihood, nll } = await score(countWords(words, 27, 1).model, vocabulary, "andndrejq");
    expect(logLikelihood.toFixed(4)).toBe("-36.2776");
    expect(nll.toFixed(4)).toBe("3.6278");
  });
});
