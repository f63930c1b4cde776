/// <reference lib="dom" />
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { LazyChart } from "../lazy_chart.tsx";
import { grouped } from "../number_format.ts";
import { isRunning, type Run, stopTraining } from "./training.ts";

/** The size of the loss curve, in pixels before it is scaled to its column. */
const CURVE = { width: 400, height: 260 };
/** Time between two drawings of the curve, in milliseconds. */
const REDRAW = 1000;

/** A run that goes on, or has ended: its curve, and what it makes. */
export function RunView({ run }: { run: Run }): VNode | null {
  const running = isRunning(run);
  const history = useThrottled(run.state?.history ?? [], running ? REDRAW : 0);
  const stop = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (running) stop.current?.focus(); // the button that was pressed has gone with the form
  }, [running]);
  const { steps } = run.options;
  const done = run.state?.step ?? 0;
  const hasCurve = history.length > 1;
  const hasThings = run.things.length > 0;
  if (!running && !hasCurve && !hasThings) return null; // it failed at the beginning
  return (
    <div class="run">
      {running && (
        <div class="make">
          <button
            type="button"
            class="primary"
            ref={stop}
            disabled={run.status !== "training"}
            onClick={stopTraining}
          >
            Stop
          </button>
          <p class="status">{statusOf(run)}</p>
        </div>
      )}
      {running && (
        <progress
          aria-label="Training"
          max={1}
          value={run.status === "evaluating" ? run.share : steps > 0 ? done / steps : undefined}
        />
      )}
      <div class="watch">
        {(running || hasCurve) && (
          <figure class="picture">
            <h3>{running ? "How it learns" : "How it learnt"}</h3>
            {hasCurve
              ? (
                <LazyChart
                  data={history}
                  aspectRatio={CURVE.width / CURVE.height}
                  make={async () => {
                    const { lossCurve } = await import("../../trainer/charts/loss_curve.ts");
                    return lossCurve(history, CURVE);
                  }}
                />
              )
              : <div class="chart" style={{ aspectRatio: String(CURVE.width / CURVE.height) }} />}
            <figcaption class="hint">
              How surprised it is at each character, in nats. Thin: the lines it learns from
              {history.some(({ dev_nll }) => dev_nll !== undefined) && "; thick: lines kept from it"}.
            </figcaption>
          </figure>
        )}
        {(running || hasThings) && (
          <div>
            <h3>{running ? "What it makes now" : "What it made near the end"}</h3>
            <ol role="list" class="things" aria-label="Made in training">
              {run.things.map((thing, i) => <li key={i} dir="auto">{thing || "\u00a0"}</li>)}
            </ol>
          </div>
        )}
      </div>
    </div>
  );
}

/** What is happening, in words. */
function statusOf(run: Run): string {
  const { options: { steps }, state } = run;
  if (run.status === "evaluating") return "Scoring the lines that were kept from it …";
  if (run.status === "stopping") return "Stopping …";
  if (run.status !== "training") return "";
  if (!state) return "Beginning …";
  const left = (steps - state.step) * state.seconds / state.step;
  return `Step ${grouped(state.step)} of ${grouped(steps)}, ${
    grouped(Math.round(state.step / state.seconds))
  } a second, ${inWords(left)} left.`;
}

/** The same for a screen reader, which would otherwise read four changes a second. A failure is an alert. */
export function announcement(run: Run): string {
  if (run.status === "trained") return `Training has ended: ${run.name} can be used.`;
  if (run.status !== "training") return statusOf(run);
  const tenths = Math.floor(10 * (run.state?.step ?? 0) / run.options.steps);
  return `Training, ${10 * tenths}% done`;
}

/** A time in words: 75 is "1 min 15 s". */
function inWords(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A value that changes at most so often, in milliseconds, and always to the last one. */
function useThrottled<Value>(value: Value, interval: number): Value {
  const [shown, setShown] = useState({ value, at: 0 });
  useEffect(() => {
    const wait = Math.max(0, shown.at + interval - performance.now());
    const timer = setTimeout(() => setShown({ value, at: performance.now() }), wait);
    return () => clearTimeout(timer);
  }, [value, interval]);
  return shown.value;
}
