/// <reference lib="dom" />
import { render, type VNode } from "preact";
import { useEffect } from "preact/hooks";
import { pinModels } from "./edge_runtime.ts";
import { FailureNotice } from "./failure_notice.tsx";
import { Generate } from "./generate.tsx";
import { Inside } from "./inside.tsx";
import { grouped } from "./number_format.ts";
import { chosenModel, followAddress } from "./page_state.ts";
import { Score } from "./score.tsx";
import { Switches } from "./switches.tsx";
import { availableModels, findLocalModels } from "./train/local_models.ts";
import { isLocal } from "./train/local_reference.ts";
import { Train } from "./train/train.tsx";
import { useAnswer } from "./use_answer.ts";

/** The whole page. */
function Page(): VNode {
  const models = useAnswer<"models">("/models", "edge", "");
  const health = useAnswer<"health">("/health", "edge", "");
  useEffect(() => pinModels(models.answer ?? []), [models.answer]);
  const failed = [models, health].filter(({ failure }) => failure);
  const name = chosenModel.value || health.answer?.default_model;
  const available = availableModels(models.answer ?? []);
  const card = available.find(({ reference }) => reference === name)?.card;
  const local = isLocal(name ?? "");
  return (
    <>
      <a class="skip" href="#generate">Skip to the names</a>
      <header class="masthead">
        <p class="wordmark">edgemore</p>
        <nav aria-label="Sections">
          <a href="#generate">Generate</a>
          <a href="#score">Score</a>
          <a href="#inside">Inside the model</a>
          <a href="#train">Train</a>
          <a href="/docs">API</a>
        </nav>
      </header>
      <main>
        <div class="hero">
          <h1>New names, made one letter at a time.</h1>
          <p>
            A very small language model has read {card && grouped(card.dataset.lines)}{" "}
            real names and learnt one thing: which letter is likely to come next. Let it choose letter after
            letter, and it makes new names. Give it a name, and it tells you how likely each letter is, and so
            how much the whole looks like a name.
          </p>
        </div>
        {failed.length > 0 && (
          <FailureNotice
            failure={failed[0].failure!}
            retry={() => failed.forEach(({ retry }) => retry())}
          />
        )}
        {models.answer && name && <Switches models={available} model={name} />}
        <Generate model={name} />
        <Score model={name} />
        {card && <Inside card={card} local={local} />}
        <Train />
      </main>
      <footer>
        <p>
          All of this is a plain HTTP API: <a href="/docs">try it</a>, or read{" "}
          <a href="/openapi.json">its OpenAPI document</a> and{" "}
          <a href="/models">the models’ cards</a>. The models are those of Andrej Karpathy’s makemore, after
          Bengio et al. 2003.
        </p>
      </footer>
    </>
  );
}

followAddress();
findLocalModels();
render(<Page />, document.getElementById("page")!);
