import { buildNetwork } from "../trainer/architecture.ts";
import { gru } from "../trainer/architectures/gru.ts";
import { transformer } from "../trainer/architectures/transformer.ts";
import { makeCorpus } from "../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../trainer/list_file.ts";
import { makeExamples } from "../trainer/examples.ts";
import { alternate, type Bench, type Finding } from "./measure.ts";
import { fusedRate } from "./training_words.ts";

/** Many short ones: two threads need both cores for themselves. */
const ROUNDS = 25;
const BATCHES = [32, 128] as const;

/** Training speed of two threads, beside that of one. */
export const trainingWorkers: Bench = {
  title: "training with two workers, beside one",
  async run(tell) {
    const corpus = makeCorpus(await readList(DEFAULT_LIST));
    const V = corpus.vocabulary.size;
    const { train } = makeExamples(corpus, null);
    const contests = [
      { what: "Transformer, makemore.py's sizes", network: buildNetwork(transformer, {}, V), steps: 2560 },
      { what: "GRU, hidden size 128", network: buildNetwork(gru, { hidden: 128 }, V), steps: 10_240 },
    ];
    const findings: Finding[] = [];
    for (const { what, network, steps } of contests) {
      for (const batch of BATCHES) {
        tell(`${ROUNDS} rounds of ${what}, batch ${batch}`);
        const rate = (workers: number) => () =>
          fusedRate(network, "wall", batch, Math.round(steps / batch), train, workers);
        const { one, two } = await alternate(ROUNDS, { two: rate(2), one: rate(1) });
        findings.push({
          what: `${what}, batch ${batch}`,
          unit: "steps/s of wall time, two workers",
          ours: two,
          peer: "one worker",
          theirs: one,
          note: `fastest beside fastest: ${(two.max / one.max).toFixed(2)}`,
        });
      }
    }
    return findings;
  },
};
