import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { change, type Place, state } from "./page_state.ts";
import { loading } from "./place.ts";

const PLACES: [Place, string, string][] = [
  ["edge", "At the edge", "The server answers, close to you."],
  ["wasm", "Here, WebAssembly", "The model came to this browser; nothing you type leaves it."],
  ["webgpu", "Here, WebGPU", "As before, but the graphics card does the arithmetic."],
];

/** Which model answers, and where it runs. */
export function Switches({ cards, model }: { cards: readonly ModelCard[]; model: string }): VNode {
  const { place } = state.value;
  const unknown = !cards.some(({ name }) => name === model);
  return (
    <div class="switches">
      <p class="field">
        <label for="model">Model</label>
        <select
          id="model"
          value={model}
          onChange={({ currentTarget }) => change({ model: currentTarget.value })}
        >
          {unknown && <option value={model}>{model}</option>}
          {cards.map(({ name, parameters }) => (
            <option value={name}>{name}, {parameters.toLocaleString("en")} parameters</option>
          ))}
        </select>
        <span class="hint">{looksBack(cards.find(({ name }) => name === model))}</span>
      </p>
      <fieldset class="places">
        <legend>Where it runs</legend>
        <div class="segments">
          {PLACES.map(([value, label]) => (
            <label>
              <input
                type="radio"
                name="place"
                value={value}
                checked={place === value}
                onChange={() => change({ place: value })}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
        <p class="hint" role="status">
          {loading.value ||
            `${PLACES.find(([value]) => value === place)![2]} Same code, same seed, same names.`}
        </p>
      </fieldset>
    </div>
  );
}

function looksBack(card?: ModelCard): string {
  if (!card) return "The server has no such model.";
  const letters = card.context_length === 1 ? "one letter" : `${card.context_length} letters`;
  return `Looks back at ${letters} to choose the next.`;
}
