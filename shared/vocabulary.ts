import { nfc } from "./nfc.ts";

/** Token 0 marks the beginning and the end of a name. */
export const BOUNDARY = 0;
/** How the boundary is displayed. A vocabulary may contain the character '.' as well, as another token. */
export const BOUNDARY_SYMBOL = ".";
/** The maximum number of characters in a vocabulary, without the boundary. */
export const MAX_CHARACTERS = 1000;

/** A text contains a character that is not in the vocabulary. */
export class UnknownCharacterError extends RangeError {
  override name = "UnknownCharacterError";

  constructor(
    /** The normalised text. */
    readonly text: string,
    /** The character that is not in the vocabulary. */
    readonly character: string,
    /** The character's position in the text, counted in characters from 1. */
    readonly position: number,
    vocabulary: Vocabulary,
  ) {
    super(
      `Cannot encode ${JSON.stringify(text)}: character ${
        JSON.stringify(character)
      } at position ${position} ` +
        `is not in the vocabulary, which is ${vocabulary.description}`,
    );
  }
}

/**
 * The characters that a model knows and their tokens. Token 0 is the boundary; {@link Vocabulary.of} numbers the
 * characters from 1 in the order of their code points. A character is one Unicode code point of a text in
 * normalization form C (NFC).
 *
 * @example
 * ```ts
 * import { Vocabulary } from "./vocabulary.ts";
 *
 * const vocabulary = Vocabulary.of(["emma", "ava"]);
 * vocabulary.encode("eva"); // [2, 4, 1]
 * vocabulary.decode([1, 4, 1]); // "ava"
 * ```
 */
export class Vocabulary {
  readonly #characters: readonly string[];
  /** The display form of each token. */
  readonly #symbols: readonly string[];
  /** The tokens by their code points; others are missing. */
  readonly #tokens: readonly (number | undefined)[];
  readonly #hasCapitals: boolean;

  /**
   * @param characters The characters of tokens 1, 2, 3 … as one string.
   * @throws {RangeError} If there is no character, a duplicate, or more than {@link MAX_CHARACTERS}.
   */
  constructor(characters: string) {
    this.#characters = Array.from(characters);
    this.#symbols = [BOUNDARY_SYMBOL, ...this.#characters];
    const tokens: number[] = [];
    this.#characters.forEach((character, i) => tokens[character.codePointAt(0)!] = i + 1);
    this.#tokens = tokens;
    this.#hasCapitals = this.#characters.some((character) => character.toLowerCase() !== character);
    if (this.#characters.length === 0 || this.#characters.length > MAX_CHARACTERS) {
      throw new RangeError(
        `Cannot make a vocabulary: it must have 1 to ${MAX_CHARACTERS} different characters, got ${this.#characters.length}`,
      );
    }
    if (new Set(this.#characters).size !== this.#characters.length) {
      throw new RangeError("Cannot make a vocabulary: a character occurs twice");
    }
  }

  /**
   * The vocabulary of all characters in the given lines.
   *
   * @throws {RangeError} If they have no characters, or more than {@link MAX_CHARACTERS}.
   */
  static of(lines: Iterable<string>): Vocabulary {
    const characters = new Set<string>();
    for (const line of lines) {
      for (const character of line.normalize("NFC")) characters.add(character);
    }
    const inOrder = Array.from(characters).sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    return new Vocabulary(inOrder.join(""));
  }

  /** The number of tokens, including the boundary. */
  get size(): number {
    return this.#characters.length + 1;
  }

  /** The characters of tokens 1, 2, 3 … as one string. */
  get characters(): string {
    return this.#characters.join("");
  }

  /** The characters for an error message: at most 100, and the number of the others. */
  get description(): string {
    const shown = this.#characters.slice(0, 100).join("");
    const rest = this.#characters.length - 100;
    return JSON.stringify(shown) + (rest > 0 ? ` and ${rest} more` : "");
  }

  /** The character of a token; the boundary is {@link BOUNDARY_SYMBOL}. */
  symbol(token: number): string {
    return this.#symbols[token];
  }

  /** Normalises a text to NFC, and to lower case if the vocabulary has no capital letters. */
  normalize(text: string): string {
    const composed = nfc(text);
    return this.#hasCapitals ? composed : nfc(composed.toLowerCase());
  }

  /**
   * Normalises a text and returns its tokens, without boundaries.
   *
   * @throws {UnknownCharacterError} If a character is not in the vocabulary.
   */
  encode(text: string): number[] {
    const normalized = this.normalize(text);
    const tokens: number[] = [];
    for (let i = 0; i < normalized.length; i++) {
      const codePoint = normalized.codePointAt(i)!;
      const token = this.#tokens[codePoint];
      if (token === undefined) {
        const character = String.fromCodePoint(codePoint);
        throw new UnknownCharacterError(normalized, character, tokens.length + 1, this);
      }
      tokens.push(token);
      if (codePoint > 0xffff) i++; // two UTF-16 units
    }
    return tokens;
  }

  /**
   * The text of a sequence of tokens.
   *
   * @param length How many tokens to decode, from the first on. Default: all.
   */
  decode(tokens: ArrayLike<number>, length = tokens.length): string {
    let text = "";
    for (let i = 0; i < length; i++) text += this.#symbols[tokens[i]];
    return text;
  }
}
