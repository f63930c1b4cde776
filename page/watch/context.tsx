import type { VNode } from "preact";
import type { ModelCard } from "../../shared/model_card.ts";
import { visibleCharacter } from "../../shared/visible_character.ts";
import { BOUNDARY_SYMBOL } from "../../shared/vocabulary.ts";
import { directionOf } from "../direction.ts";
import { narrow } from "../narrow.ts";
import { grouped } from "../number_format.ts";
import { pictured } from "../pictured.ts";
import { PointsOfContext } from "./points_of_context.tsx";

/** Most characters of a text that are shown of a model that sees all of them, so that they stay in one line. */
const [WIDE, NARROW] = [10, 6];

/** What the model sees of the text so far, and what it turns that into. */
export function Context({ card, text }: { card: ModelCard; text: string }): VNode {
  const characters = Array.from(text);
  const { context_length } = card;
  const seen = context_length === null
    ? [BOUNDARY_SYMBOL, ...characters]
    : lastOf(characters, context_length);
  const shown = narrow.value ? NARROW : WIDE;
  const left = context_length === null ? Math.max(0, seen.length - shown) : 0;
  const { symbols, embedding } = pictured(card);
  return (
    <div class="seen">
      <div>
        <h3 id="seen-title">What it sees</h3>
        <ol role="list" aria-labelledby="seen-title" class="window" dir={directionOf(text)}>
          {left > 0 && <li class="more">{left} before</li>}
          {seen.slice(left).map((character, i) => (
            <li key={i} class={character === BOUNDARY_SYMBOL ? "boundary" : ""}>
              {character === BOUNDARY_SYMBOL
                ? (
                  <>
                    <span aria-hidden="true">·</span>
                    <span class="visually-hidden">the beginning</span>
                  </>
                )
                : visibleCharacter(character)}
            </li>
          ))}
        </ol>
        <p class="hint">{describe(card)}</p>
      </div>
      {embedding && (
        <PointsOfContext
          symbols={symbols}
          places={embedding}
          seen={seen.map(visibleCharacter)}
        />
      )}
    </div>
  );
}

/** The last characters, with boundaries before the first where there are fewer. */
function lastOf(characters: readonly string[], length: number): string[] {
  const last = characters.slice(-length);
  return [...new Array<string>(length - last.length).fill(BOUNDARY_SYMBOL), ...last];
}

function describe({ context_length, states, hyperparameters, architecture }: ModelCard): string {
  const beginning = "A dot is the beginning.";
  if (context_length === 1) {
    return `${beginning} It sees the last letter only` +
      (architecture === "bigram" ? ", and looks up how often each other one followed it." : ".");
  }
  if (context_length !== null) {
    const dimensions = hyperparameters.embedding;
    return `${beginning} It sees these ${context_length} letters and nothing before them. ` +
      (dimensions ? `Each becomes ${dimensions} numbers, and from those it computes the next letter.` : "");
  }
  const grows = states?.some(({ shape }) => (shape as readonly unknown[]).includes("past"));
  const size = states?.reduce((sum, { shape }) => sum + (typeof shape[1] === "number" ? shape[1] : 0), 0);
  return grows
    ? `${beginning} It keeps keys and values of every letter so far, and looks back at all of them.`
    : `${beginning} It reads letter after letter, and remembers all of them in ${
      grouped(size ?? 0)
    } numbers, its state, which each letter changes.`;
}
