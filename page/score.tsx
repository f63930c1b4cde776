import type { VNode } from "preact";
import { FailureNotice } from "./failure_notice.tsx";
import { NextCharacters } from "./next_characters.tsx";
import { change, nextPath, runtimeOf, scorePath, state } from "./page_state.ts";
import { percent } from "./number_format.ts";
import { type Answer, elapsed, useAnswer } from "./use_answer.ts";
import { visibleCharacter } from "../shared/visible_character.ts";

/** The strongest shade of surprise, which has no upper limit; the weakest is 0. */
const STRONGEST = 9;
/** Width of a shade in nats: a character of probability 0.6 has the second weakest, one of 0.01 the strongest. */
const NATS_PER_SHADE = 0.5;

/** How likely a typed name is, letter by letter. */
export function Score({ model }: { model?: string }): VNode {
  const { name } = state.value;
  const runtime = runtimeOf(state.value);
  const asked = useAnswer<"score">(name === "" ? null : scorePath(state.value), runtime, model);
  const next = useAnswer<"next">(nextPath(state.value), runtime, model);
  const failure = asked.failure ?? next.failure;
  const { answer } = asked;
  const { time, where } = elapsed(asked);
  const stale = failure !== undefined;
  const retry = () => [asked, next].forEach((request) => request.failure && request.retry());
  return (
    <section id="score" aria-labelledby="score-title">
      <h2 id="score-title">Score</h2>
      <p class="lead">Type any name. The more a letter surprises the model, the stronger its colour.</p>
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
          {name === "" && <p class="verdict">Type a name, or choose its first letter.</p>}
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
                  <dd class="hint">surprise per letter in nats, the end counted as one</dd>
                </div>
                <div>
                  <dt>Perplexity</dt>
                  <dd>{answer.perplexity?.toFixed(2) ?? "∞"}</dd>
                  <dd class="hint">as unsure as among that many equally likely letters</dd>
                </div>
                <div>
                  <dt>Time</dt>
                  <dd>{time}</dd>
                  <dd class="hint">{where}</dd>
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

function Letter({ character, probability, nll }: Answer<"score">["characters"][number]): VNode {
  const shade = Math.min(STRONGEST, Math.floor((nll ?? Infinity) / NATS_PER_SHADE));
  const end = character === ".";
  return (
    <li class={`letter shade-${shade}${end ? " end" : ""}`}>
      <span class="character">{end ? "end" : visibleCharacter(character)}</span>
      <span class="probability">
        {percent(probability)} <span class="visually-hidden">likely, {surprise(probability)}</span>
      </span>
    </li>
  );
}

/** The scale of the colours. */
function Legend(): VNode {
  return (
    <p class="legend hint" aria-hidden="true">
      <span>expected</span>
      {Array.from(
        { length: STRONGEST + 1 },
        (_, shade) => <span key={shade} class={`swatch shade-${shade}`} />,
      )}
      <span>surprising</span>
    </p>
  );
}

/** The colour of a character in words. */
function surprise(probability: number): string {
  if (probability > 0.3) return "expected";
  if (probability > 0.08) return "no surprise";
  if (probability > 0.02) return "a little surprising";
  return probability > 0.003 ? "surprising" : "very surprising";
}

function verdict({ name, percentile, possible }: Answer<"score">): string {
  if (!possible) return `To the model, “${name}” is impossible.`;
  if (percentile < 0.5) return `“${name}” is less name-like than practically all real names.`;
  if (percentile > 99.5) return `“${name}” is more name-like than practically all real names.`;
  return `“${name}” is more name-like than ${percentile.toFixed(0)}% of real names.`;
}
