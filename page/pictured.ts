import type { ModelCard } from "../shared/model_card.ts";
import { visibleCharacter } from "../shared/visible_character.ts";
import { BOUNDARY_SYMBOL } from "../shared/vocabulary.ts";

/** What can be drawn of a model. */
export interface Pictured {
  /** The symbols of the pictured tokens, the boundary's first. */
  symbols: string[];
  /** The pictured tokens. */
  tokens: number[];
  /** [symbols, symbols] */
  bigrams?: number[][];
  /** [symbols, 2] */
  embedding?: number[][];
  /** What is not pictured, in words; "" if everything is. */
  note: string;
}

/** Reads the pictures of a card: of all its characters, or of the commonest where there are too many to be legible. */
export function pictured({ vocabulary, pictures }: Pick<ModelCard, "vocabulary" | "pictures">): Pictured {
  const all = [BOUNDARY_SYMBOL, ...Array.from(vocabulary, visibleCharacter)];
  const tokens = pictures?.tokens ?? Array.from(all.keys());
  const symbols = tokens.map((token) => all[token]);
  if (!pictures || symbols.includes(undefined as never)) {
    return { symbols: [], tokens: [], note: "The card of this model has no pictures of its characters." };
  }
  // A card that was edited by hand may have pictures of another vocabulary.
  const fitting = (picture?: number[][]) => (picture?.length === symbols.length ? picture : undefined);
  const left = all.length - symbols.length;
  return {
    symbols,
    tokens,
    bigrams: fitting(pictures.bigrams),
    embedding: fitting(pictures.embedding),
    note: left === 0
      ? ""
      : `The pictures show the ${symbols.length - 1} commonest of its ${all.length - 1} characters.`,
  };
}
