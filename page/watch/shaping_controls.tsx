import type { VNode } from "preact";
import type { Shaping } from "./next_letter.ts";

interface ShapingControlsProps {
  shaping: Shaping;
  change: (shaping: Shaping) => void;
  /** The number of tokens. */
  size: number;
  seed: number;
}

/** Temperature, top-k and top-p, which reshape the bars as they move. */
export function ShapingControls({ shaping, change, size, seed }: ShapingControlsProps): VNode {
  const { temperature, topK, topP } = shaping;
  return (
    <form class="settings" aria-labelledby="shaping-title" onSubmit={(event) => event.preventDefault()}>
      <h3 id="shaping-title">Reshape the bars</h3>
      <Slider
        id="watch-temperature"
        label="Temperature"
        hint="Below 1, likely letters become likelier; above 1, all become more alike."
        range={[0.1, 2.5, 0.1]}
        value={temperature}
        shown={String(temperature)}
        change={(temperature) => change({ ...shaping, temperature })}
      />
      <Slider
        id="watch-top-k"
        label="Top-k"
        hint="Only the k likeliest letters are left."
        range={[1, size, 1]}
        value={topK ?? size}
        shown={topK === null ? "all" : String(topK)}
        change={(k) => change({ ...shaping, topK: k >= size ? null : k })}
      />
      <Slider
        id="watch-top-p"
        label="Top-p"
        hint="Only the fewest likeliest letters are left that together reach this share."
        range={[0.05, 1, 0.05]}
        value={topP}
        shown={String(topP)}
        change={(topP) => change({ ...shaping, topP })}
      />
      <p class="hint">Seed {seed}. Moving these asks nothing of the server.</p>
    </form>
  );
}

interface SliderProps {
  id: string;
  label: string;
  hint: string;
  range: [min: number, max: number, step: number];
  value: number;
  shown: string;
  change: (value: number) => void;
}

function Slider({ id, label, hint, range: [min, max, step], value, shown, change }: SliderProps): VNode {
  return (
    <div class="field temperature">
      <label for={id}>
        {label} <output>{shown}</output>
      </label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={shown}
        aria-describedby={`${id}-hint`}
        onInput={({ currentTarget }) => change(Number(currentTarget.value))}
      />
      <p class="hint" id={`${id}-hint`}>{hint}</p>
    </div>
  );
}
