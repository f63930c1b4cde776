import type { ModelCard } from "../shared/model_card.ts";
import { change, EXAMPLE, state } from "./page_state.ts";

/** Takes the example out of the field where a model does not know its letters, instead of an error about what nobody typed. */
export function dropUnknownExample({ vocabulary }: ModelCard): void {
  const known = new Set(vocabulary);
  if (state.peek().name === EXAMPLE && !Array.from(EXAMPLE).every((letter) => known.has(letter))) {
    change({ name: "" });
  }
}
