import type { VNode } from "preact";
import type { ModelCard } from "../../shared/model_card.ts";
import { nounOf } from "../../shared/noun.ts";
import { FailureNotice } from "../failure_notice.tsx";
import { Letters } from "../letters.tsx";
import { grouped } from "../number_format.ts";
import { generatePath, type Runtime, scorePath, state } from "../page_state.ts";
import { verdict } from "../score.tsx";
import { useAnswer } from "../use_answer.ts";

/** How many things each model makes. */
const MADE = "8";
/** How long the settings must stay the same before they are asked with, in milliseconds. */
const DELAY = 250;

interface SideProps {
  card: ModelCard;
  /** Its reference. */
  model: string;
  runtime: Runtime;
}

/** One of two models that are compared. */
export function Side({ card, model, runtime }: SideProps): VNode {
  const { name } = card;
  const settings = { ...state.value, model };
  const made = useAnswer<"generate">(generatePath({ ...settings, n: MADE }), runtime, model, DELAY);
  const scored = useAnswer<"score">(settings.name === "" ? null : scorePath(settings), runtime, model, DELAY);
  const failed = [made, scored].filter(({ failure }) => failure);
  return (
    <div class="side" role="group" aria-labelledby={`side-${model}`}>
      <h3 id={`side-${model}`}>{name}</h3>
      <p class="hint">
        {card.architecture}, {grouped(card.parameters)} parameters, {card.nll.test?.toFixed(3) ?? "infinite"}
        {" "}
        nats a letter on lines it never saw
      </p>
      {failed.length > 0 && (
        <FailureNotice
          failure={failed[0].failure!}
          retry={() => failed.forEach(({ retry }) => retry())}
          labels={{ name: "Your text" }}
        />
      )}
      {made.answer && (
        <ol role="list" class={made.pending ? "few pending" : "few"} aria-label={`Made by ${name}`}>
          {made.answer.names.map(({ name }, i) => <li key={i} dir="auto">{name}</li>)}
        </ol>
      )}
      {scored.answer && (
        <>
          <Letters
            characters={scored.answer.characters}
            label={`Letters, and how likely ${name} finds each`}
          />
          <p class="judged">
            {verdict(scored.answer, nounOf(card))}{" "}
            <span class="hint">Perplexity {scored.answer.perplexity?.toFixed(2) ?? "∞"}.</span>
          </p>
        </>
      )}
    </div>
  );
}
