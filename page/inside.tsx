import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { CardFacts } from "./card_facts.tsx";
import { describeModel } from "./describe_model.ts";
import { Embeddings } from "./embeddings.tsx";
import { HeatMap } from "./heat_map.tsx";
import { LossCurve } from "./loss_curve.tsx";
import { pictured } from "./pictured.ts";

/** What a model of the server, or of this browser, is, from its card. */
export function Inside({ card, local }: { card: ModelCard; local: boolean }): VNode {
  const { loss_history } = card.training;
  const { symbols, bigrams, embedding, note } = pictured(card);
  return (
    <section id="inside" aria-labelledby="inside-title">
      <h2 id="inside-title">Inside {card.name}</h2>
      <p class="lead">{describeModel(card)}</p>
      {note && <p class="hint note">{note}</p>}
      <div class="pictures">
        {embedding && <Embeddings symbols={symbols} places={embedding} />}
        {loss_history.length > 1 && <LossCurve history={loss_history} />}
        {bigrams && <HeatMap symbols={symbols} counts={bigrams} />}
        <CardFacts card={card} local={local} />
      </div>
    </section>
  );
}
