/// <reference lib="dom" />
import type { VNode } from "preact";
import { FailureNotice } from "./failure_notice.tsx";
import { useNewThings } from "./new_things.ts";
import { counted, noun } from "./noun.ts";
import { change, generatePath, randomSeed, runtimeOf, state } from "./page_state.ts";
import { Results } from "./results.tsx";
import { Settings } from "./settings.tsx";
import { TakeHome } from "./take_home.tsx";
import { Temperature } from "./temperature.tsx";
import { type Answer, elapsed, useAnswer } from "./use_answer.ts";

/** How long the settings must stay the same before names are requested with them, in milliseconds. */
const DELAY = 120;

/**
 * New names, and the settings they are made with.
 *
 * @param hasList Whether the model came with its training list; undefined while that is not known.
 */
export function Generate({ model, hasList }: { model?: string; hasList?: boolean }): VNode {
  const runtime = runtimeOf(state.value);
  const asked = useAnswer<"generate">(generatePath(state.value), runtime, model, DELAY);
  const fresh = useNewThings(state.value, asked, hasList, runtime, model);
  const { answer, failure, pending } = asked;
  return (
    <section id="generate" aria-labelledby="generate-title">
      <h2 id="generate-title">Generate</h2>
      <div class="columns">
        <div class="results">
          <div class="make">
            <Temperature />
            <button type="button" class="primary" onClick={() => change({ seed: randomSeed() })}>
              Make new {noun.value}
            </button>
          </div>
          <p class="status" role="status">{answer && summary(answer, elapsed(asked), fresh)}</p>
          {failure && <FailureNotice failure={failure} retry={asked.retry} />}
          {!answer && !failure && <div class="awaited" />}
          {answer && (
            <>
              <Results names={answer.names} fresh={fresh} pending={pending} choose={score} />
              <p class="hint">
                The small number is the perplexity: at each letter, the model was as unsure as among that many
                equally likely ones. The lower it is, the more ordinary the result. {hasList === false
                  ? "This model came without its list, so what is new cannot be marked. "
                  : "What is in the training list is marked as known, anything else as new. "}
                Choose one to see its letters scored.
              </p>
              <TakeHome names={answer.names} fresh={fresh} />
            </>
          )}
        </div>
        <Settings failure={failure} />
      </div>
    </section>
  );
}

function summary(
  { names, model, seed, shortfall }: Answer<"generate">,
  { time, where }: ReturnType<typeof elapsed>,
  fresh: ReadonlySet<string> | null,
): string {
  const known = fresh && names.filter(({ name }) => !fresh.has(name)).length;
  return [
    `${counted(names.length, noun.value)} by ${model}, seed ${seed}, in ${time} ${where}.`,
    known !== null && `${names.length - known} new, ${known} known.`,
    shortfall && `${shortfall}.`,
  ].filter(Boolean).join(" ");
}

/** Scores a name, and moves to the section that shows it. */
function score(name: string): void {
  change({ name });
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById("score")!.scrollIntoView({ behavior: reducedMotion ? "auto" : "smooth" });
  document.getElementById("name")!.focus({ preventScroll: true });
}
