import type { ModelCard } from "./model_card.ts";

/** A card's quantiles as numbers: a card writes infinity, which JSON has not, as null. */
export function cardQuantiles(card: Pick<ModelCard, "nll_quantiles">): number[] {
  return card.nll_quantiles.map((quantile) => quantile ?? Infinity);
}
