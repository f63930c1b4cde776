import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ModelCard } from "../../shared/model_card.ts";
import { nounOf } from "../../shared/noun.ts";
import { change, type Runtime, state } from "../page_state.ts";
import { Side } from "./side.tsx";

interface CompareProps {
  /** All models there are. */
  cards: readonly ModelCard[];
  /** The chosen model. */
  card: ModelCard;
  runtime: Runtime;
}

/** Two models side by side: what they make of the same seed, and what they think of the same text. */
export function Compare({ cards, card, runtime }: CompareProps): VNode {
  const [second, choose] = useState("");
  const others = cards.filter(({ name }) => name !== card.name);
  const other = others.find(({ name }) => name === second) ?? others.find((other) => alike(other, card)) ??
    others[0];
  if (!other) return <p class="lead">There is no second model to compare with.</p>;
  return (
    <div class="compare">
      <p class="lead">
        Two models with the same seed and the same settings as above, so the same random numbers, and with the
        same text: what differs is the models.
      </p>
      <div class="choices">
        <p class="field">
          <label for="other">Compare {card.name} with</label>
          <select id="other" value={other.name} onChange={({ currentTarget }) => choose(currentTarget.value)}>
            {others.map(({ name }) => <option key={name} value={name}>{name}</option>)}
          </select>
        </p>
        <p class="field">
          <label for="same">The same text for both</label>
          <input
            id="same"
            type="text"
            value={state.value.name}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            maxLength={256}
            onInput={({ currentTarget }) => change({ name: currentTarget.value })}
          />
        </p>
      </div>
      <div class="sides">
        {[card, other].map((card) => <Side key={card.name} card={card} runtime={runtime} />)}
      </div>
    </div>
  );
}

/** Whether two models make the same kind of thing. */
function alike(a: ModelCard, b: ModelCard): boolean {
  return nounOf(a) === nounOf(b);
}
