/// <reference lib="dom" />
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ModelCard } from "../../shared/model_card.ts";
import { directionOf } from "../direction.ts";
import { FailureNotice } from "../failure_notice.tsx";
import { noun } from "../noun.ts";
import { nextPath, randomSeed, type Runtime, state } from "../page_state.ts";
import { useAnswer } from "../use_answer.ts";
import { Bars } from "./bars.tsx";
import { Context } from "./context.tsx";
import { Line } from "./line.tsx";
import { advance, begin, type Making } from "./making.ts";
import { isPlain, lineOf, type NextLetter, reshape, type Shaping, withoutEnd } from "./next_letter.ts";
import { ShapingControls } from "./shaping_controls.tsx";
import { tell } from "./tell.ts";

/** The time from step to step as it plays, in milliseconds. */
const STEP_TIME = 1100;

/** How a model makes one thing, letter by letter. */
export function Watch({ card, model, runtime }: { card: ModelCard; model: string; runtime: Runtime }): VNode {
  const [seed, setSeed] = useState(() => Number(state.value.seed) || 0);
  const [making, setMaking] = useState<Making>(() => begin(seed));
  const [playing, setPlaying] = useState(false);
  const [shaping, setShaping] = useState<Shaping>({ temperature: 1, topK: null, topP: 1 });
  const asked = useAnswer<"next">(nextPath({ model, name: making.text }), runtime, model);
  // The answer about another text is none.
  const answer = asked.answer?.prefix === making.text && !asked.pending ? asked.answer : undefined;
  const letters = useMemo(() => answer && inOrder(answer.next, card.vocabulary), [answer]);

  const restart = (seed: number) => {
    setSeed(seed);
    setMaking(begin(seed));
  };
  useEffect(() => restart(seed), [model]);
  const step = () => letters && setMaking(advance(making, letters, shaping));
  useEffect(() => {
    if (!playing || !letters) return;
    if (making.finished) return setPlaying(false);
    const timer = setTimeout(step, STEP_TIME);
    return () => clearTimeout(timer);
  }, [playing, making, letters, shaping]);

  const first = making.text === "";
  const line = letters &&
    lineOf(first && !isPlain(shaping) ? withoutEnd(letters) : letters, shaping);
  return (
    <div class="how-it-works">
      <p class="lead">
        This is all that a language model does: it looks at the letters so far, says how likely each letter is
        to be next, and a random number chooses one of them. Then it begins anew, with one letter more. Watch
        it make one of the {noun.value}.
      </p>
      <div class="columns">
        <div class="results">
          <p class="controls">
            <button
              type="button"
              class="primary"
              onClick={() => {
                if (making.finished) restart(seed);
                setPlaying(!playing);
              }}
            >
              {playing ? "Pause" : "Play"}
            </button>
            <button type="button" disabled={!letters || making.finished} onClick={step}>Step</button>
            <button type="button" onClick={() => restart(seed)}>From the beginning</button>
            <button type="button" onClick={() => restart(Number(randomSeed()))}>Another</button>
          </p>
          {asked.failure && <FailureNotice failure={asked.failure} retry={asked.retry} />}
          <p class="made" dir={directionOf(making.text)}>
            <span class="visually-hidden">So far:</span>
            <span class="text">{making.text}</span>
            {!making.finished && <span class="caret" aria-hidden="true" />}
          </p>
          <p class="told" aria-live={playing ? "off" : "polite"}>
            {tell(making, letters, shaping, noun.value)}
          </p>
          <Context card={card} text={making.text} />
          {letters && line && (
            <>
              <Bars
                letters={letters}
                shaped={reshape(letters, shaping)}
                drawn={making.draw?.segment ?? null}
              />
              <Line line={line} uniform={making.draw?.uniform ?? null} plain={isPlain(shaping)} />
            </>
          )}
        </div>
        <ShapingControls
          shaping={shaping}
          change={setShaping}
          size={Array.from(card.vocabulary).length + 1}
          seed={seed}
        />
      </div>
    </div>
  );
}

/** The next letters in the order of the vocabulary, the end first, as the sampler has them. */
function inOrder(next: readonly NextLetter[], vocabulary: string): NextLetter[] {
  const end = next.find(({ end }) => end)!;
  const letters = new Map(
    next.filter((letter) => letter !== end).map((letter) => [letter.character, letter]),
  );
  return [
    end,
    ...Array.from(vocabulary, (character) => letters.get(character) ?? { character, probability: 0 }),
  ];
}
