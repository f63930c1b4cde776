import type { VNode } from "preact";
import { change, state } from "./page_state.ts";

/** The temperature, which makes things anew as it moves. */
export function Temperature(): VNode {
  const { temperature } = state.value;
  return (
    <div class="field temperature">
      <label for="temperature">
        Temperature <output>{temperature}</output>
      </label>
      <input
        id="temperature"
        type="range"
        min="0.1"
        max="2.5"
        step="0.1"
        value={temperature}
        aria-describedby="temperature-hint"
        onInput={({ currentTarget }) => change({ temperature: currentTarget.value })}
      />
      <p class="hint ends" id="temperature-hint">
        <span>likelier</span>
        <span>stranger</span>
      </p>
    </div>
  );
}
