import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { visibleCharacter } from "../shared/visible_character.ts";
import { BOUNDARY_SYMBOL } from "../shared/vocabulary.ts";
import { CardFacts } from "./card_facts.tsx";
import { LazyChart } from "./lazy_chart.tsx";
import { describeModel } from "./describe_model.ts";
import { HeatMap } from "./heat_map.tsx";

/** The size of the loss curve, in pixels before it is scaled to its column. */
const LOSS_CURVE = { width: 400, height: 260 };

/** What a model of the server, or of this browser, is, from its card. */
export function Inside({ card, local }: { card: ModelCard; local: boolean }): VNode {
  const { loss_history } = card.training;
  const symbols = [BOUNDARY_SYMBOL, ...Array.from(card.vocabulary, visibleCharacter)];
  const { bigrams, embedding } = card.pictures ?? {};
  // A card that was edited by hand may have pictures of another vocabulary.
  const fits = (picture?: number[][]): picture is number[][] => picture?.length === symbols.length;
  return (
    <section id="inside" aria-labelledby="inside-title">
      <h2 id="inside-title">Inside {card.name}</h2>
      <p class="lead">{describeModel(card)}</p>
      <div class="pictures">
        {fits(embedding) && <Embeddings symbols={symbols} places={embedding} />}
        {loss_history.length > 1 && <LossCurve history={loss_history} />}
        {fits(bigrams) && <HeatMap symbols={symbols} counts={bigrams} />}
        <CardFacts card={card} local={local} />
      </div>
    </section>
  );
}

function Embeddings({ symbols, places }: { symbols: readonly string[]; places: number[][] }): VNode {
  return (
    <figure class="picture embeddings">
      <h3>Where it puts the letters</h3>
      <LazyChart
        data={places}
        aspectRatio={1}
        make={async () => {
          const { embeddingScatter } = await import("../trainer/charts/embedding_scatter.ts");
          return embeddingScatter(symbols, places, { title: "Embeddings", caption: "" });
        }}
      />
      <figcaption class="hint">
        Each letter is a point in many dimensions. These are the two in which the letters differ most; far
        distances are drawn shorter, and no point covers another. Nobody told the model what a vowel is, yet
        letters that are used alike lie together. Vowels are filled. The dot is the end of a name.
      </figcaption>
    </figure>
  );
}

function LossCurve({ history }: { history: ModelCard["training"]["loss_history"] }): VNode {
  return (
    <figure class="picture">
      <h3>How it learnt</h3>
      <LazyChart
        data={history}
        aspectRatio={LOSS_CURVE.width / LOSS_CURVE.height}
        make={async () => {
          const { lossCurve } = await import("../trainer/charts/loss_curve.ts");
          return lossCurve(history, LOSS_CURVE);
        }}
      />
      <figcaption class="hint">
        How surprised the model was at each letter, in nats, as it was trained: the thin line on the names it
        learnt from, the thick line on names kept from it. Where only the thin line still falls, the model has
        begun to learn its names by heart.
      </figcaption>
    </figure>
  );
}
