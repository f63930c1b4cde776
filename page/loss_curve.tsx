import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { axisOf } from "./axis.ts";

type History = ModelCard["training"]["loss_history"];

const [WIDTH, HEIGHT] = [400, 260];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 10, 12, 30];

/** How a model got better: its loss as it was trained, and on names that it was not trained on. */
export function LossCurve({ history }: { history: History }): VNode {
  const last = history[history.length - 1];
  const loss = history.filter(({ loss }) => Number.isFinite(loss));
  const dev = history.flatMap(({ step, dev_nll }) =>
    Number.isFinite(dev_nll) ? [{ step, loss: dev_nll! }] : []
  );
  const ends = [loss[0], loss.at(-1)].map((point) => point?.loss.toFixed(2) ?? "none");
  const { low, high, ticks, format } = axisOf([...loss, ...dev].map(({ loss }) => loss));
  const x = (step: number) => LEFT + (WIDTH - LEFT - RIGHT) * step / (last.step || 1);
  const y = (loss: number) => TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low);
  const path = (points: readonly { step: number; loss: number }[]) =>
    points.map(({ step, loss }, i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
  return (
    <figure class="picture">
      <h3>How it learnt</h3>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Loss curve: from ${ends[0]} to ${ends[1]} nats a character in ` +
          `${last.step.toLocaleString("en")} steps`}
      >
        {ticks.map((tick) => (
          <g class="tick">
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 6} y={y(tick)} dy="0.32em" text-anchor="end">{format(tick)}</text>
          </g>
        ))}
        <g class="tick">
          <text x={LEFT} y={HEIGHT - 8}>step 0</text>
          <text x={WIDTH - RIGHT} y={HEIGHT - 8} text-anchor="end">{last.step.toLocaleString("en")}</text>
        </g>
        <path class="loss" d={path(loss)} />
        <path class="dev" d={path(dev)} />
      </svg>
      <figcaption class="hint">
        Nats of surprise a letter, step by step: the thin line on the names it learns from, the thick one on
        names that were kept from it. Where only the first goes on falling, it has begun to learn by heart.
      </figcaption>
    </figure>
  );
}
