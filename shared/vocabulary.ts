/** Token 0: what stands before the first character of a name and after its last. */
export const BOUNDARY = 0;
/** How the boundary is shown. A vocabulary may hold a real '.' as well: it is another token. */
export const BOUNDARY_SYMBOL = ".";
/** Most characters that a vocabulary may hold, the boundary not counted. */
export const MAX_CHARACTERS = 1000;

/** A text holds a character that a vocabulary does not. */
export class UnknownCharacterError extends RangeError {
  override name = "UnknownCharacterError";

  constructor(
    /** The text, as it was read (normalised). */
    readonly text: string,
    /** The character that is not in the vocabulary. */
    readonly character: string,
    /** Where it stands, counted in characters from 0. */
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
 * The characters that a model knows, and the token of each: 0 is the boundary, the characters follow in the
 * order of their code points. A character is one Unicode code point of the text in normalization form C.
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
  /** What each token is shown as. */
  readonly #symbols: readonly string[];
  readonly #tokens: ReadonlyMap<string, number>;
  readonly #hasCapitals: boolean;

  /**
   * @param characters The characters of tokens 1, 2, 3 … as one string.
   * @throws {RangeError} If there are none, more than {@link MAX_CHARACTERS}, or two alike.
   */
  constructor(characters: string) {
    this.#characters = Array.from(characters);
    this.#symbols = [BOUNDARY_SYMBOL, ...this.#characters];
    this.#tokens = new Map(this.#characters.map((character, i) => [character, i + 1]));
    this.#hasCapitals = this.#characters.some((character) => character.toLowerCase() !== character);
    if (this.#characters.length === 0 || this.#characters.length > MAX_CHARACTERS) {
      throw new RangeError(
        `Cannot make a vocabulary: it takes 1 to ${MAX_CHARACTERS} different characters, got ${this.#characters.length}`,
      );
    }
    if (this.#tokens.size !== this.#characters.length) {
      throw new RangeError("Cannot make a vocabulary: a character stands in it twice");
    }
  }

  /** The vocabulary of all characters in some lines. */
  static of(lines: Iterable<string>): Vocabulary {
    const characters = new Set<string>();
    for (const line of lines) {
      for (const character of line.normalize("NFC")) characters.add(character);
    }
    const inOrder = Array.from(characters).sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    return new Vocabulary(inOrder.join(""));
  }

  /** How many tokens there are, the boundary included. */
  get size(): number {
    return this.#characters.length + 1;
  }

  /** The characters of tokens 1, 2, 3 … as one string. */
  get characters(): string {
    return this.#characters.join("");
  }

  /** The characters in words, for messages; a long vocabulary is cut short. */
  get description(): string {
    const shown = this.#characters.slice(0, 100).join("");
    const rest = this.#characters.length - 100;
    return JSON.stringify(shown) + (rest > 0 ? ` and ${rest} more` : "");
  }

  /** The character of a token; the boundary is shown as '.'. */
  symbol(token: number): string {
    return this.#symbols[token];
  }

  /** The form in which a text is read: NFC, and lower case where the vocabulary has no capitals. */
  normalize(text: string): string {
    const composed = text.normalize("NFC");
    return this.#hasCapitals ? composed : composed.toLowerCase().normalize("NFC");
  }

  /**
   * The tokens of a text, after {@link normalize}, without boundaries.
   *
   * @throws {UnknownCharacterError} If a character is not in the vocabulary.
   */
  encode(text: string): number[] {
    const normalized = this.normalize(text);
    return Array.from(normalized, (character, position) => {
      const token = this.#tokens.get(character);
      if (token === undefined) throw new UnknownCharacterError(normalized, character, position, this);
      return token;
    });
  }

  /**
   * The text of some tokens.
   *
   * @param length How many of them, from the first on. Default: all.
   */
  decode(tokens: ArrayLike<number>, length = tokens.length): string {
    let text = "";
    for (let i = 0; i < length; i++) text += this.#symbols[tokens[i]];
    return text;
  }
}
