import { UnknownCharacterError } from "../shared/vocabulary.ts";
import type { ServedModel } from "./inference/registry.ts";
import { Problem } from "./problem.ts";

/**
 * Refuses a parameter with a character that the model does not know.
 *
 * @throws {Problem} 400, naming the parameter, the character and what the model knows.
 */
export function requireKnownCharacters(
  { card, vocabulary }: ServedModel,
  parameter: string,
  text: string,
): void {
  try {
    vocabulary.encode(text);
  } catch (error) {
    if (!(error instanceof UnknownCharacterError)) throw error;
    const { character, position } = error;
    const message =
      `${JSON.stringify(text)} has the character ${JSON.stringify(character)} at position ${position}, ` +
      `which model ${card.name} does not know: it knows ${vocabulary.description}`;
    throw Problem.ofParameters("invalid-parameter", [{ parameter, message }]);
  }
}
