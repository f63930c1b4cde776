import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { NameSearch, type SamplingOptions } from "./name_search.ts";
import type { SampledName } from "./sampler.ts";
import type { Vocabulary } from "./vocabulary.ts";

export type { SampledName, SamplingOptions };

/**
 * Samples names from a language model through its cache.
 *
 * @returns `n` names, or fewer if the options reject some: see {@link NameSearch}.
 * @throws {UnknownCharacterError} If the prefix has a character that is not in the vocabulary.
 *
 * @example
 * ```ts ignore
 * const names = await sample(cache, vocabulary, { n: 20, seed: 42, temperature: 0.8 });
 * ```
 */
export async function sample(
  cache: DistributionCache,
  vocabulary: Vocabulary,
  options: SamplingOptions,
): Promise<SampledName[]> {
  return await new NameSearch(cache, vocabulary, options).all();
}
