import type { LanguageModel } from "../../shared/language_model.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import type { StoredModel } from "../load_model.ts";

/** What differs between the command lines that have the same commands: that of this project, and that of the npm package. */
export interface CommandLine {
  /** A command as a user types it, such as `deno task train`. */
  call(command: string): string;
  /** The same, to copy: with npx if this command was called so, since the program may not be installed. */
  callAgain(command: string): string;
  /** What to do with a new model in a directory. */
  nextSteps(card: Pick<ModelCard, "name" | "noun" | "dataset">, directory: string): string;
  /** The directory of the lists that come along. */
  lists?: string;
  /** The list to train on if none is given. */
  defaultList?: { path: string; description: string };
  /** Opens a model to sample and to score with. */
  openLanguageModel(model: StoredModel): Promise<LanguageModel>;
  /** Starts TensorFlow.js, before it trains or evaluates. */
  startTensorFlow(): Promise<void>;
}
