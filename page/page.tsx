import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { ModelCard } from "../shared/model_card.ts";
import type { Health } from "./answers.ts";
import { FailureNotice } from "./failure_notice.tsx";
import { Generate } from "./generate.tsx";
import { Inside } from "./inside.tsx";
import { chosenModel } from "./page_state.ts";
import { pinModels } from "./place.ts";
import { Score } from "./score.tsx";
import { Switches } from "./switches.tsx";
import { useAnswer } from "./use_answer.ts";

/** The whole page. */
export function Page(): VNode {
  const models = useAnswer<ModelCard[]>("/models", "edge", "");
  const health = useAnswer<Health>("/health", "edge", "");
  useEffect(() => pinModels(models.answer ?? []), [models.answer]);
  const failed = [models, health].filter(({ failure }) => failure);
  const name = chosenModel.value || health.answer?.default_model;
  const card = models.answer?.find((card) => card.name === name);
  return (
    <>
      <a class="skip" href="#generate">Skip to the names</a>
      <header class="masthead">
        <p class="wordmark">edgemore</p>
        <nav aria-label="Sections">
          <a href="#generate">Generate</a>
          <a href="#score">Score</a>
          <a href="#inside">Inside the model</a>
          <a href="/docs">API</a>
        </nav>
      </header>
      <main>
        <div class="hero">
          <h1>New names, made one letter at a time.</h1>
          <p>
            A very small language model has read {card?.dataset.lines.toLocaleString("en")}{" "}
            real names and learnt one thing: which letter is likely to come next. Let it choose letter after
            letter, and it makes names of its own. Show it a name, and it tells how likely each letter was,
            and so how name-like the name is.
          </p>
        </div>
        {failed.length > 0 && (
          <FailureNotice
            failure={failed[0].failure!}
            retry={() => failed.forEach(({ retry }) => retry())}
          />
        )}
        {models.answer && name && <Switches cards={models.answer} model={name} />}
        <Generate model={name} />
        <Score model={name} />
        {card && <Inside card={card} />}
      </main>
      <footer>
        <p>
          Everything here is plain HTTP: <a href="/docs">try the API</a>, read{" "}
          <a href="/openapi.json">its description</a>, or{" "}
          <a href="/models">the cards of the models</a>. The models are those of Andrej Karpathy’s makemore,
          after Bengio et al. 2003.
        </p>
      </footer>
    </>
  );
}
