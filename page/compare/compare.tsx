import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { nounOf } from "../../shared/noun.ts";
import { change, type Runtime, runtimeOf, state } from "../page_state.ts";
import type { AvailableModel } from "../train/local_models.ts";
import { isLocal } from "../train/local_reference.ts";
import { Side } from "./side.tsx";

interface CompareProps {
  /** All models there are. */
  models: readonly AvailableModel[];
  /** The reference of the chosen one. */
  chosen: string;
  runtime: Runtime;
}

/** Two models side by side: what they make of the same seed, and what they think of the same text. */
export function Compare({ models, chosen, runtime }: CompareProps): VNode {
  const [second, choose] = useState("");
  const first = models.find(({ reference }) => reference === chosen);
  const others = models.filter((model) => model !== first);
  const other = others.find(({ reference }) => reference === second) ??
    others.find(({ card }) => first && nounOf(card) === nounOf(first.card)) ?? others[0];
  if (!first || !other) return <p class="lead">There is no second model to compare with.</p>;
  return (
    <div class="compare">
      <p class="lead">
        Two models with the same seed and the same settings as above, so the same random numbers, and with the
        same text: what differs is the models.
      </p>
      <div class="choices">
        <p class="field">
          <label for="other">Compare {first.card.name} with</label>
          <select
            id="other"
            value={other.reference}
            onChange={({ currentTarget }) => choose(currentTarget.value)}
          >
            {others.map(({ reference, card }) => (
              <option key={reference} value={reference}>
                {card.name}
                {isLocal(reference) && ", in this browser"}
              </option>
            ))}
          </select>
        </p>
        <p class="field">
          <label for="same">The same text for both</label>
          <input
            id="same"
            type="text"
            dir="auto"
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
        {[first, other].map(({ reference, card }) => (
          <Side
            key={reference}
            card={card}
            model={reference}
            runtime={runtimeOf({ runtime, model: reference })}
          />
        ))}
      </div>
    </div>
  );
}
