import type { ModelCard } from "../shared/model_card.ts";
import { grouped } from "./figures.ts";

/** What a model is, in two sentences for someone who has never heard of one. */
export function describeModel(card: ModelCard): string {
  const { architecture, hyperparameters, parameters, context_length, dataset, training } = card;
  const lines = grouped(dataset.lines);
  if (architecture === "bigram") {
    return `It counted, in ${lines} names, how often each letter is followed by each other one, and knows nothing else. ` +
      "To make a name it rolls a loaded die for the next letter, looking back at one letter only, until the die says stop.";
  }
  const looks = architecture === "mlp"
    ? `It is a small neural network: it looks back at ${context_length} letters, turns each into a point in ` +
      `${hyperparameters.embedding} dimensions, and lets ${hyperparameters.hidden} artificial neurons make of these ` +
      "points how likely each letter comes next."
    : `It looks back at ${context_length} letters to say how likely each letter comes next.`;
  if (training.steps === 0) {
    return `${looks} It has learnt nothing yet: its ${grouped(parameters)} numbers are as chance drew them.`;
  }
  const guesses = grouped(training.steps * training.batch_size);
  return `${looks} It learnt its ${
    grouped(parameters)
  } numbers from ${lines} names by guessing their next letter ` +
    `${guesses} times, and being nudged a little towards the right answer each time.`;
}
