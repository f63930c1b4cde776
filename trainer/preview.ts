import { DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { sample } from "../shared/sampling.ts";
import type { Vocabulary } from "../shared/vocabulary.ts";
import type { Network } from "./architecture.ts";
import { evaluationBackend } from "./backends/all.ts";
import type { Examples } from "./examples.ts";
import type { Parameters } from "./parameters.ts";

/** Memory for the distributions of a preview, in bytes. */
const CACHE_BYTES = 2 ** 21;

/** How many things a preview has, and how long they may be. */
export interface PreviewOptions {
  n: number;
  maxLength: number;
  seed: number;
}

/**
 * Samples from a network in training. The same seed makes things that resemble the last ones, so one sees what has been
 * learnt since.
 *
 * @param train Examples over which buffers are measured, if the network asks for it.
 */
export async function preview(
  network: Network,
  parameters: Parameters,
  vocabulary: Vocabulary,
  train: Examples | undefined,
  options: PreviewOptions,
): Promise<string[]> {
  const evaluator = await evaluationBackend(network, parameters).evaluator(network, parameters);
  try {
    if (train) evaluator.measureBuffers(train);
    const cache = new DistributionCache({
      vocabularySize: network.vocabularySize,
      contextLength: network.contextLength,
      states: [],
      step: (tokens, batch) =>
        Promise.resolve({ logProbs: evaluator.lastLogProbs(tokens, batch), present: [] }),
    }, { bytes: CACHE_BYTES });
    return (await sample(cache, vocabulary, options)).map(({ name }) => name);
  } finally {
    evaluator.dispose();
  }
}
