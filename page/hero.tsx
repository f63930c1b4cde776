import type { ComponentChildren, VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { noun } from "./noun.ts";
import { grouped } from "./number_format.ts";

/** The page's title, with the text beside it. */
export function Hero({ children }: { children: ComponentChildren }): VNode {
  return (
    <div class="hero">
      <h1>New {noun.value}, made one letter at a time.</h1>
      {children}
    </div>
  );
}

/** What the page is about, to a reader who has never heard of a language model. */
export function HeroText({ card }: { card?: ModelCard }): VNode {
  return (
    <p class="lead">
      A very small language model has read{" "}
      {card ? `${grouped(card.dataset.lines)} ${noun.value}` : `a list of ${noun.value}`}{" "}
      and learnt one thing: which letter is likely to come next. Let it choose letter after letter, and it
      makes new{" "}
      {noun.value}. Type something, and it tells you how likely each letter is, and so how much the whole is
      like the {noun.value} it has read. <a href="#train">Train one on your own list</a>, here in the browser.
    </p>
  );
}
