import type { VNode } from "preact";
import { isolated } from "./direction.ts";
import { FailureNotice } from "./failure_notice.tsx";
import { Letters, STRONGEST } from "./letters.tsx";
import { NextCharacters } from "./next_characters.tsx";
import { noun } from "./noun.ts";
import { change, nextPath, runtimeOf, scorePath, state } from "./page_state.ts";
import { shortened } from "./shortened.ts";
import { type Answer, elapsed, useAnswer } from "./use_answer.ts";

/** What the typed text is called in errors: it is the text to score, and the beginning that a next letter comes after. */
const LABELS = { name: "Your text", prefix: "Your text" };
/** Most characters of the text that the verdict repeats. */
const MAX_REPEATED = 40;

/** How likely a typed text is, letter by letter. */
export function Score({ model }: { model?: string }): VNode {
  const { name } = state.value;
  const runtime = runtimeOf(state.value);
  const asked = useAnswer<"score">(name === "" ? null : scorePath(state.value), runtime, model);
  const next = useAnswer<"next">(nextPath(state.value), runtime, model);
  const failure = asked.failure ?? next.failure;
  const { answer } = asked;
  const { time, where } = elapsed(asked);
  const retry = () => [asked, next].forEach((request) => request.failure && request.retry());
  return (
    <section id="score" aria-labelledby="score-title">
      <h2 id="score-title">Score</h2>
      <p class="lead">
        Type anything: like one of the{" "}
        {noun.value}, or unlike all of them. The more a letter surprises the model, the stronger its colour.
      </p>
      <p class="typed">
        <label for="name">Your text</label>
        <input
          id="name"
          type="text"
          dir="auto"
          value={name}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={256}
          onInput={({ currentTarget }) => change({ name: currentTarget.value })}
        />
      </p>
      {failure && <FailureNotice failure={failure} retry={retry} labels={LABELS} />}
      <div class="columns">
        <div class="results">
          {name === "" && <p class="verdict">Type something, or choose its first letter.</p>}
          {answer && !failure && (
            <>
              <Letters characters={answer.characters} label="Letters and how likely each was" />
              <Legend />
              <p class="verdict" role="status">{verdict(answer, noun.value)}</p>
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
        {next.answer && !failure && <NextCharacters {...next.answer} />}
      </div>
    </section>
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

/**
 * How likely a text is among the list's own. The percentile compares its mean log-probability a letter with those of the dev
 * split: of lines that were kept from training.
 */
export function verdict({ name, percentile, possible }: Answer<"score">, noun: string): string {
  const text = `“${isolated(shortened(name, MAX_REPEATED))}”`;
  if (!possible) return `To the model, ${text} is impossible.`;
  const kept = `the ${noun} kept from its training`;
  if (percentile < 0.5) return `${text} is, letter for letter, less likely than practically all ${kept}.`;
  if (percentile > 99.5) return `${text} is, letter for letter, likelier than practically all ${kept}.`;
  return `${text} is, letter for letter, likelier than ${percentile.toFixed(0)}% of ${kept}.`;
}
