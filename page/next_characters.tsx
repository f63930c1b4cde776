/// <reference lib="dom" />
import type { VNode } from "preact";
import type { Next } from "./answers.ts";
import { change } from "./page_state.ts";
import { percent } from "./figures.ts";

/** How much of the end of a long beginning is shown. */
const END = 20;
/** How many are shown. */
const SHOWN = 12;

/** What the model expects after what is typed, as bars; choosing one types it. */
export function NextCharacters({ prefix, next, stale }: Next & { stale: boolean }): VNode {
  const most = next[0].probability;
  const rest = next.slice(SHOWN).reduce((sum, { probability }) => sum + probability, 0);
  const type = (character: string) => {
    change({ name: prefix + character });
    document.getElementById("name")!.focus();
  };
  return (
    <div class={stale ? "next pending" : "next"}>
      <h3 id="next-title">{prefix === "" ? "How names begin" : `What comes after “${endOf(prefix)}”`}</h3>
      <ol role="list" aria-labelledby="next-title">
        {next.slice(0, SHOWN).map(({ character, probability }) => (
          <li>
            {character === "." ? <span class="choice">end</span> : (
              <button
                type="button"
                class="choice"
                aria-label={`Type ${character}`}
                onClick={() => type(character)}
              >
                {character}
              </button>
            )}
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect width={100 * probability / most} height="10" rx="1" />
            </svg>
            <span class="share">{percent(probability)}</span>
          </li>
        ))}
      </ol>
      {rest > 0 && <p class="hint">All others together: {percent(rest)}. Choose a letter to type it.</p>}
    </div>
  );
}

function endOf(prefix: string): string {
  const characters = Array.from(prefix);
  return characters.length > END ? `…${characters.slice(-END).join("")}` : prefix;
}
