/// <reference lib="dom" />
import type { VNode } from "preact";
import { CopyButton } from "./copy_button.tsx";
import { FailureNotice } from "./failure_notice.tsx";
import { change, generatePath, randomSeed, runtimeOf, state, stateAddress } from "./page_state.ts";
import { Settings } from "./settings.tsx";
import { isLocal } from "./train/local_reference.ts";
import { type Answer, elapsed, useAnswer } from "./use_answer.ts";

/** How long the settings must stay the same before names are requested with them, in milliseconds. */
const DELAY = 120;

/** New names, and the settings they are made with. */
export function Generate({ model }: { model?: string }): VNode {
  const path = generatePath(state.value);
  const asked = useAnswer<"generate">(path, runtimeOf(state.value), model, DELAY);
  const { answer, failure, pending } = asked;
  const curl = () => `curl '${location.origin}${path}'`;
  return (
    <section id="generate" aria-labelledby="generate-title">
      <h2 id="generate-title">Generate</h2>
      <div class="columns">
        <div class="results">
          <div class="make">
            <button type="button" class="primary" onClick={() => change({ seed: randomSeed() })}>
              Make new names
            </button>
            <p class="status" role="status">{answer && summary(answer, elapsed(asked))}</p>
          </div>
          {failure && <FailureNotice failure={failure} retry={asked.retry} />}
          {answer && (
            <>
              <ol role="list" class={pending ? "names pending" : "names"} aria-label="Names">
                {answer.names.map(({ name, perplexity }) => (
                  <li>
                    <button type="button" title="Score it" onClick={() => score(name)}>
                      <span class="name">{name}</span>
                      <span class="perplexity">
                        <span class="visually-hidden">perplexity</span> {perplexity?.toFixed(1) ?? "∞"}
                      </span>
                    </button>
                  </li>
                ))}
              </ol>
              <p class="hint">
                The small number is the name’s perplexity: at each letter, the model was as unsure as among
                that many equally likely ones. The lower it is, the more ordinary the name. Choose a name to
                see its letters scored.
              </p>
              <div class="take">
                <h3>The same from your terminal</h3>
                {isLocal(state.value.model) && (
                  <p class="hint">
                    Once a server has this model: <a href="#kept">download it</a>.
                  </p>
                )}
                <pre tabIndex={0} aria-label="curl command"><code>{curl()}</code></pre>
                <p class="copies">
                  <CopyButton text={curl}>Copy as curl</CopyButton>
                  <CopyButton text={() => answer.names.map(({ name }) => `${name}\n`).join("")}>
                    Copy the list
                  </CopyButton>
                  <CopyButton text={() => stateAddress(state.value).href}>Copy a link to this</CopyButton>
                </p>
              </div>
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
): string {
  const count = `${names.length} ${names.length === 1 ? "name" : "names"}`;
  return `${count} by ${model}, seed ${seed}, in ${time} ${where}. ${shortfall ? `${shortfall}.` : ""}`;
}

/** Scores a name, and moves to the section that shows it. */
function score(name: string): void {
  change({ name });
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById("score")!.scrollIntoView({ behavior: reducedMotion ? "auto" : "smooth" });
  document.getElementById("name")!.focus({ preventScroll: true });
}
