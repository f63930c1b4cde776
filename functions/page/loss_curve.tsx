import type { VNode } from "preact";
import type { ModelCard } from "../../shared/model_card.ts";

type History = ModelCard["training"]["loss_history"];

const [WIDTH, HEIGHT] = [400, 260];
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 10, 12, 30];

/** How a model got better: its loss as it was trained, and on names that it was not trained on. */
export function LossCurve({ history }: { history: History }): VNode {
  const last = history[history.length - 1];
  const dev = history.flatMap((
    { step, dev_nll },
  ) => (dev_nll === undefined ? [] : [{ step, loss: dev_nll }]));
  const losses = [...history, ...dev].map(({ loss }) => loss);
  const [low, high] = [Math.floor(10 * Math.min(...losses)) / 10, Math.ceil(10 * Math.max(...losses)) / 10];
  const x = (step: number) => LEFT + (WIDTH - LEFT - RIGHT) * step / last.step;
  const y = (loss: number) => TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low);
  const path = (points: readonly { step: number; loss: number }[]) =>
    points.map(({ step, loss }, i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
  const between = high - low > 1 ? 0.5 : 0.2;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / between); i * between <= high; i++) ticks.push(i * between);
  return (
    <figure class="picture">
      <h3>How it learnt</h3>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Loss curve: from ${history[0].loss.toFixed(2)} to ${
          last.loss.toFixed(2)
        } nats a character in ` +
          `${last.step.toLocaleString("en")} steps`}
      >
        {ticks.map((tick) => (
          <g class="tick">
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 6} y={y(tick)} dy="0.32em" text-anchor="end">{tick.toFixed(1)}</text>
          </g>
        ))}
        <g class="tick">
          <text x={LEFT} y={HEIGHT - 8}>step 0</text>
          <text x={WIDTH - RIGHT} y={HEIGHT - 8} text-anchor="end">{last.step.toLocaleString("en")}</text>
        </g>
        <path class="loss" d={path(history)} />
        <path class="dev" d={path(dev)} />
      </svg>
      <figcaption class="hint">
        Nats of surprise a letter, step by step: the thin line on the names it learns from, the thick one on
        names that were kept from it. Where only the first goes on falling, it has begun to learn by heart.
      </figcaption>
    </figure>
  );
}
