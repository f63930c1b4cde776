/// <reference lib="dom" />
import type { VNode } from "preact";
import { change } from "./page_state.ts";
import { isolated } from "./direction.ts";
import { noun } from "./noun.ts";
import { percent } from "./number_format.ts";
import type { Answer } from "./use_answer.ts";
import { visibleCharacter } from "../shared/visible_character.ts";

/** Maximum number of characters of the typed text in the heading, which shows the last ones. */
const MAX_HEADING = 20;
/** How many characters have a bar. */
const SHOWN = 12;

/** How likely each character is after the typed text, as bars. Choosing one types it. */
export function NextCharacters({ prefix, next }: Answer<"next">): VNode {
  const most = next[0].probability;
  const rest = next.slice(SHOWN).reduce((sum, { probability }) => sum + probability, 0);
  const type = (character: string) => {
    change({ name: prefix + character });
    document.getElementById("name")!.focus();
  };
  return (
    <div class="next">
      <h3 id="next-title">
        {prefix === "" ? `How ${noun.value} begin` : `What comes after “${isolated(endOf(prefix))}”`}
      </h3>
      <ol role="list" aria-labelledby="next-title">
        {next.slice(0, SHOWN).map(({ character, probability, end }) => (
          <li>
            {end ? <span class="choice">end</span> : (
              <button
                type="button"
                class="choice"
                aria-label={`Type ${character === " " ? "a space" : character}`}
                onClick={() => type(character)}
              >
                {visibleCharacter(character)}
              </button>
            )}
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect width={100 * probability / most} height="10" rx="1" />
            </svg>
            <span class="share">{percent(probability)}</span>
          </li>
        ))}
      </ol>
      {rest > 0 && <p class="hint">All others together: {percent(rest)}. Choose a letter to add it.</p>}
    </div>
  );
}

function endOf(prefix: string): string {
  const characters = Array.from(prefix);
  return characters.length > MAX_HEADING ? `…${characters.slice(-MAX_HEADING).join("")}` : prefix;
}
