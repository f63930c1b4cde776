import type { LanguageModel } from "./language_model.ts";
import { NameSearch, type SamplingOptions } from "./name_search.ts";
import type { SampledName } from "./sampler.ts";
import type { Vocabulary } from "./vocabulary.ts";

export type { SampledName, SamplingOptions };

/**
 * Makes names with a language model.
 *
 * @returns `n` names; fewer only where names are left out, see {@link NameSearch}, which also tells why.
 * @throws {UnknownCharacterError} If the prefix has a character that the vocabulary has not.
 *
 * @example
 * ```ts ignore
 * const names = await sample(model, vocabulary, { n: 20, seed: 42, temperature: 0.8 });
 * ```
 */
export async function sample(
  model: LanguageModel,
  vocabulary: Vocabulary,
  options: SamplingOptions,
): Promise<SampledName[]> {
  return await new NameSearch(model, vocabulary, options).all();
}
