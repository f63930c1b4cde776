import type { ModelCard } from "../shared/model_card.ts";
import { nounOf } from "../shared/noun.ts";
import { grouped } from "./number_format.ts";

/**
 * Describes the context of a model in words.
 *
 * @param length The number of characters; null for all of them.
 * @param word The word for a character.
 */
export function contextInWords(length: number | null, word: "letter" | "character"): string {
  if (length === null) return `all ${word}s so far`;
  return length === 1 ? `the last ${word}` : `the last ${length} ${word}s`;
}

/** Describes a model in two sentences, to a reader who has never heard of one. */
export function describeModel(card: ModelCard): string {
  const { architecture, hyperparameters, parameters, context_length, dataset, training } = card;
  const lines = grouped(dataset.lines);
  const noun = nounOf(card);
  if (architecture === "bigram") {
    return `It counted, in ${lines} ${noun}, how often each letter follows each other one, and knows nothing else. ` +
      "To make a new one it draws one letter after another, each by what usually follows the last letter, until it draws the end.";
  }
  const context = contextInWords(context_length, "letter");
  const method = architecture === "mlp"
    ? `It is a small neural network: every letter is a point in ${hyperparameters.embedding} dimensions, and ` +
      `${hyperparameters.hidden} artificial neurons compute from ${context} how likely each letter comes next.`
    : `It computes from ${context} how likely each letter comes next.`;
  if (training.steps === 0) {
    return `${method} It has learnt nothing yet: its ${grouped(parameters)} numbers are still random.`;
  }
  const guesses = grouped(training.steps * training.batch_size);
  // An example is a single letter where the model has a window, and otherwise a whole line.
  const guessing = context_length === null
    ? `by guessing each next letter of ${guesses} of them, some many times, each time`
    : `by guessing their next letter ${guesses} times, each time`;
  return `${method} It learnt its ${grouped(parameters)} numbers from ${lines} ${noun} ${guessing} ` +
    "adjusting its numbers a little towards the right answer.";
}
