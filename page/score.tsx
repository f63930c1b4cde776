import type { VNode } from "preact";
import type { Next, Score as Scored, ScoredCharacter } from "./answers.ts";
import { FailureNotice } from "./failure_notice.tsx";
import { NextCharacters } from "./next_characters.tsx";
import { change, nextPath, scorePath, state } from "./page_state.ts";
import { percent } from "./figures.ts";
import { elapsed, useAnswer } from "./use_answer.ts";

/** Shades of surprise; the last is for all above. */
const SHADES = 9;
/** Nats a shade: a character of probability 0.6 is in the first, one of 0.01 in the last. */
const NATS_PER_SHADE = 0.5;

/** How name-like what is typed is, letter by letter. */
export function Score({ model }: { model?: string }): VNode {
  const { name, place } = state.value;
  const asked = useAnswer<Scored>(name === "" ? null : scorePath(state.value), place, model);
  const next = useAnswer<Next>(nextPath(state.value), place, model);
  const failure = asked.failure ?? next.failure;
  const { answer } = asked;
  const stale = failure !== undefined;
  const retry = () => [asked, next].forEach((question) => question.failure && question.retry());
  return (
    <section id="score" aria-labelledby="score-title">
      <h2 id="score-title">Score</h2>
      <p class="lead">Type any name. Each letter takes the colour of the model’s surprise at it.</p>
      <p class="typed">
        <label for="name">A name</label>
        <input
          id="name"
          type="text"
          value={name}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={256}
          onInput={({ currentTarget }) => change({ name: currentTarget.value })}
        />
      </p>
      {failure && <FailureNotice failure={failure} retry={retry} />}
      <div class="columns">
        <div class={stale ? "results pending" : "results"}>
          {name === "" && <p class="verdict">Type a name, or choose a letter it begins with.</p>}
          {answer && (
            <>
              <ol role="list" class="letters" aria-label="Letters and how likely each was">
                {answer.characters.map((character, i) => <Letter key={i} {...character} />)}
              </ol>
              <Legend />
              <p class="verdict" role="status">{verdict(answer)}</p>
              <dl class="figures">
                <div>
                  <dt>NLL</dt>
                  <dd>{answer.nll?.toFixed(3) ?? "∞"}</dd>
                  <dd class="hint">nats of surprise a letter, the end counted</dd>
                </div>
                <div>
                  <dt>Perplexity</dt>
                  <dd>{answer.perplexity?.toFixed(2) ?? "∞"}</dd>
                  <dd class="hint">as if choosing among so many letters each time</dd>
                </div>
                <div>
                  <dt>Time</dt>
                  <dd>{elapsed(asked).split(" ")[0]} ms</dd>
                  <dd class="hint">{elapsed(asked).split(" ").slice(2).join(" ")}</dd>
                </div>
              </dl>
            </>
          )}
        </div>
        {next.answer && <NextCharacters {...next.answer} stale={stale} />}
      </div>
    </section>
  );
}

function Letter({ character, probability, nll }: ScoredCharacter): VNode {
  const shade = Math.min(SHADES, Math.floor((nll ?? Infinity) / NATS_PER_SHADE));
  const end = character === ".";
  return (
    <li class={`letter shade-${shade}${end ? " end" : ""}`}>
      <span class="character">{end ? "end" : character}</span>
      <span class="probability">
        {percent(probability)} <span class="visually-hidden">likely, {surprise(probability)}</span>
      </span>
    </li>
  );
}

/** What the colours mean. */
function Legend(): VNode {
  return (
    <p class="legend hint" aria-hidden="true">
      <span>expected</span>
      {Array.from({ length: SHADES + 1 }, (_, shade) => <span key={shade} class={`swatch shade-${shade}`} />)}
      <span>a surprise</span>
    </p>
  );
}

/** The colour in words. */
function surprise(probability: number): string {
  if (probability > 0.3) return "expected";
  if (probability > 0.08) return "no surprise";
  if (probability > 0.02) return "a little surprising";
  return probability > 0.003 ? "surprising" : "very surprising";
}

function verdict({ name, percentile, possible }: Scored): string {
  if (!possible) return `The model holds “${name}” impossible.`;
  if (percentile < 0.5) return `“${name}” is less name-like than practically all real names.`;
  if (percentile > 99.5) return `“${name}” is more name-like than practically all real names.`;
  return `“${name}” is more name-like than ${percentile.toFixed(0)}% of real names.`;
}
