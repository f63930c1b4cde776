import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { contextInWords } from "./describe_model.ts";
import { grouped } from "./number_format.ts";
import { change, type Runtime, runtimeOf, state } from "./page_state.ts";
import { loading } from "./runtime.ts";
import type { AvailableModel } from "./train/local_models.ts";
import { isLocal, nameOf } from "./train/local_reference.ts";

const RUNTIMES: [Runtime, label: string, hint: string][] = [
  ["edge", "At the edge", "A server close to you answers."],
  ["wasm", "Here, WebAssembly", "The model runs in this browser; nothing you type leaves it."],
  ["webgpu", "Here, WebGPU", "The model runs in this browser, on its graphics card."],
];

/** The choice of the model and of its runtime. */
export function Switches({ models, model }: { models: readonly AvailableModel[]; model: string }): VNode {
  const runtime = runtimeOf(state.value);
  const chosen = models.find(({ reference }) => reference === model);
  return (
    <div class="switches">
      <p class="field">
        <label for="model">Model</label>
        <select
          id="model"
          value={model}
          onChange={({ currentTarget }) => change({ model: currentTarget.value })}
        >
          {!chosen && <option value={model}>{nameOf(model)}</option>}
          {models.map(({ reference, card: { name, parameters } }) => (
            <option value={reference}>
              {name}, {isLocal(reference) ? "in this browser" : `${grouped(parameters)} parameters`}
            </option>
          ))}
        </select>
        <span class="hint">{contextHint(model, chosen?.card)}</span>
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
                disabled={value === "edge" && isLocal(model)}
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

function contextHint(model: string, card?: ModelCard): string {
  if (!card) return isLocal(model) ? "This browser has no such model." : "The server has no such model.";
  return `Chooses each letter by ${contextInWords(card.context_length, "letter")}.`;
}
