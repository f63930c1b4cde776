import { unknownCharacter } from "../../shared/bulk_scoring.ts";
import { UnknownCharacterError } from "../../shared/vocabulary.ts";
import type { ServedModel } from "../inference/registry.ts";
import { Problem } from "../problem.ts";

/**
 * The tokens of a parameter's text.
 *
 * @throws {Problem} 400 if the model does not know a character, naming the parameter, it, and what the model knows.
 */
export function encodeParameter(
  { card, vocabulary }: ServedModel,
  parameter: string,
  text: string,
): number[] {
  try {
    return vocabulary.encode(text);
  } catch (error) {
    if (!(error instanceof UnknownCharacterError)) throw error;
    const message = `${JSON.stringify(text)} ${unknownCharacter(error, card.name, vocabulary)}`;
    throw Problem.ofParameters("invalid-parameter", [{ parameter, message }]);
  }
}
