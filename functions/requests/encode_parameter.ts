import { unknownCharacter } from "../../shared/bulk_scoring.ts";
import { UnknownCharacterError } from "../../shared/vocabulary.ts";
import type { ServedModel } from "../inference/registry.ts";
import { Problem } from "../problem.ts";

/**
 * Encodes a parameter's text as tokens.
 *
 * @throws {Problem} 400 if a character is not in the model's vocabulary.
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
