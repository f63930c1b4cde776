import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { CardFacts } from "./card_facts.tsx";
import { describeModel } from "./describe_model.ts";
import { EmbeddingScatter } from "./embedding_scatter.tsx";
import { HeatMap } from "./heat_map.tsx";
import { LossCurve } from "./loss_curve.tsx";

/** What a model is, from its card. */
export function Inside({ card }: { card: ModelCard }): VNode {
  const { training } = card;
  const symbols = [".", ...card.vocabulary];
  const { bigrams, embedding } = card.pictures ?? {};
  // Pictures of another vocabulary, on a card that was written by hand, would show nothing of this model.
  const fits = (picture?: number[][]): picture is number[][] => picture?.length === symbols.length;
  return (
    <section id="inside" aria-labelledby="inside-title">
      <h2 id="inside-title">Inside {card.name}</h2>
      <p class="lead">{describeModel(card)}</p>
      <div class="pictures">
        {fits(embedding) && <EmbeddingScatter symbols={symbols} places={embedding} />}
        {training.loss_history.length > 1 && <LossCurve history={training.loss_history} />}
        {fits(bigrams) && <HeatMap symbols={symbols} counts={bigrams} />}
        <CardFacts card={card} />
      </div>
    </section>
  );
}
