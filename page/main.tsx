/// <reference lib="dom" />
import { render, type VNode } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { dropUnknownExample } from "./example_text.ts";
import { FailureNotice } from "./failure_notice.tsx";
import { Footer } from "./footer.tsx";
import { Generate } from "./generate.tsx";
import { Hero, HeroText } from "./hero.tsx";
import { Inside } from "./inside.tsx";
import { narrow } from "./narrow.ts";
import { nounOf } from "../shared/noun.ts";
import { noun } from "./noun.ts";
import { chosenModel, chosenRuntime, followAddress } from "./page_state.ts";
import { LazySection } from "./lazy_section.tsx";
import { Score } from "./score.tsx";
import { useServerModels } from "./server_models.ts";
import { Switches } from "./switches.tsx";
import { availableModels, findLocalModels } from "./train/local_models.ts";
import { isLocal } from "./train/local_reference.ts";
import { Train } from "./train/train.tsx";

/** The whole page. */
function Page(): VNode {
  const { models, health, opening } = useServerModels();
  const failed = [models, health].filter(({ failure }) => failure);
  const name = chosenModel.value || health.answer?.default_model;
  const available = availableModels(models.answer ?? []);
  const card = available.find(({ reference }) => reference === name)?.card;
  const local = isLocal(name ?? "");
  // A model that was trained in this browser has its list.
  const hasList = local || health.answer?.models.find((model) => model.name === name)?.training_names;
  const things = card ? nounOf(card) : "things";
  useLayoutEffect(() => void (noun.value = things), [things]);
  useEffect(() => card && dropUnknownExample(card), [card]);
  // Until it is known what the model's things are called, nothing is shown that would have to change its words.
  const known = card !== undefined || failed.length > 0 || (models.answer && health.answer && !opening);
  const introduction = [
    <HeroText key="text" card={card} />,
    models.answer && name && <Switches key="switches" models={available} model={name} />,
  ];
  return (
    <>
      <a class={known ? "skip" : "skip unknown"} href="#generate">Skip to the {things}</a>
      <header class="masthead">
        <p class="wordmark">edgemore</p>
        <nav aria-label="Sections">
          <a href="#generate">Generate</a>
          <a href="#score">Score</a>
          <a href="#watch">How it works</a>
          <a href="#compare">Compare</a>
          <a href="#inside">Inside the model</a>
          <a href="#train">Train</a>
          <a href="/docs">API</a>
        </nav>
      </header>
      {!known && opening && <p class="opening" role="status">The server is opening its models …</p>}
      <main class={known ? "" : "unknown"}>
        <Hero>{!narrow.value && introduction[0]}</Hero>
        {failed.length > 0 && (
          <FailureNotice
            failure={failed[0].failure!}
            retry={() => failed.forEach(({ retry }) => retry())}
          />
        )}
        {!narrow.value && introduction[1]}
        <Generate key="generate" model={name} hasList={hasList} />
        {narrow.value && <div class="introduction">{introduction}</div>}
        <Score model={name} />
        <LazySection
          id="watch"
          title="See how it works"
          height={failed.length > 0 ? 0 : 62}
          load={() => import("./watch/watch.tsx").then(({ Watch }) => Watch)}
          props={card && name ? { card, model: name, runtime: chosenRuntime.value } : undefined}
        />
        {available.length > 1 && (
          <LazySection
            id="compare"
            title="Compare"
            height={26}
            load={() => import("./compare/compare.tsx").then(({ Compare }) => Compare)}
            props={card && name
              ? { models: available, chosen: name, runtime: chosenRuntime.value }
              : undefined}
          />
        )}
        {card && <Inside card={card} local={local} />}
        <Train />
      </main>
      <Footer />
    </>
  );
}

followAddress();
findLocalModels();
render(<Page />, document.getElementById("page")!);
