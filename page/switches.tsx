import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { contextInWords } from "./describe_model.ts";
import { change, type Runtime, state } from "./page_state.ts";
import { loading } from "./runtime.ts";

const RUNTIMES: [Runtime, label: string, hint: string][] = [
  ["edge", "At the edge", "A server close to you answers."],
  ["wasm", "Here, WebAssembly", "The model runs in this browser; nothing you type leaves it."],
  ["webgpu", "Here, WebGPU", "The model runs in this browser, on its graphics card."],
];

/** The choice of the model and of its runtime. */
export function Switches({ cards, model }: { cards: readonly ModelCard[]; model: string }): VNode {
  const { runtime } = state.value;
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
        <span class="hint">{contextHint(cards.find(({ name }) => name === model))}</span>
      </p>
      <fieldset>
        <legend>Where it runs</legend>
        <div class="segments">
          {RUNTIMES.map(([value, label]) => (
            <label>
              <input
                type="radio"
                name="runtime"
                value={value}
                checked={runtime === value}
                onChange={() => change({ runtime: value })}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
        <p class="hint" role="status">
          {loading.value ||
            `${RUNTIMES.find(([value]) => value === runtime)![2]} The same seed gives the same everywhere.`}
        </p>
      </fieldset>
    </div>
  );
}

function contextHint(card?: ModelCard): string {
  if (!card) return "The server has no such model.";
  return `Chooses each letter by ${contextInWords(card.context_length, "letter")}.`;
}
