import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A character that may come next, and how likely it does. */
export interface NextCharacter {
  /** The character; the boundary that ends a name is shown as '.'. */
  character: string;
  /** From 0 to 1. */
  probability: number;
}

/**
 * What a model expects after the beginning of a name: every character it knows, the likeliest first; of equals,
 * in the order of the vocabulary.
 *
 * @param prefix The tokens of the beginning, without the boundary before it; none at the start of a name.
 *
 * @example
 * ```ts ignore
 * const [likeliest] = await nextCharacters(cache, vocabulary, vocabulary.encode("mar"));
 * ```
 */
export async function nextCharacters(
  cache: DistributionCache,
  vocabulary: Vocabulary,
  prefix: readonly number[],
): Promise<NextCharacter[]> {
  const row = await cache.logProbsAfter(prefix);
  return Array.from(row, (logProb, token) => ({
    character: vocabulary.symbol(token),
    probability: Math.exp(logProb),
  })).sort((a, b) => b.probability - a.probability); // a stable sort
}
