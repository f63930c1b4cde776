import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { BOUNDARY, type Vocabulary } from "./vocabulary.ts";
import { Work } from "./work.ts";

/** A possible next character, with its probability. */
export interface NextCharacter {
  /** The character; '.' for the boundary that ends a name. */
  character: string;
  /** From 0 to 1. */
  probability: number;
  /** True for the boundary: a vocabulary may contain the character '.' as well. */
  end?: true;
}

/**
 * The distribution of the next character after the beginning of a name: every character of the vocabulary, the most likely
 * first, equal ones in the order of the vocabulary.
 *
 * @param prefix The tokens of the beginning, without a boundary.
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
  const row = await cache.logProbsAfter(prefix, new Work());
  return Array.from(row, (logProb, token) => ({
    character: vocabulary.symbol(token),
    probability: Math.exp(logProb),
    ...(token === BOUNDARY && { end: true as const }),
  })).sort((a, b) => b.probability - a.probability); // a stable sort
}
