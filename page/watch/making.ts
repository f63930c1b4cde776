import { NameStream } from "../../shared/random/name_stream.ts";
import { type Draw, drawNext, type NextLetter, type Shaping } from "./next_letter.ts";

/** Most characters, as `GET /generate` has by default. */
export const MAX_LENGTH = 64;

/** A thing that is being made. */
export interface Making {
  /** The characters so far. */
  readonly text: string;
  /** The draw of the next character, if it was drawn already. */
  readonly draw: Draw | null;
  /** Whether the end was drawn. */
  readonly finished: boolean;
  /** The random numbers of what comes. */
  readonly stream: NameStream;
}

/** Begins the first thing of a seed, which `GET /generate` gives too. */
export function begin(seed: number): Making {
  return { text: "", draw: null, finished: false, stream: new NameStream(seed, 0) };
}

/** Goes on by one step: to the draw of the next character, or, after that, to the text with that character. */
export function advance(making: Making, letters: readonly NextLetter[], shaping: Shaping): Making {
  const { text, draw, stream } = making;
  if (making.finished) return making;
  if (draw === null) return { ...making, draw: drawNext(letters, shaping, stream, text === "") };
  const { character, end } = draw.segment;
  if (end) return { ...making, finished: true };
  const longer = text + character;
  return { ...making, text: longer, draw: null, finished: Array.from(longer).length >= MAX_LENGTH };
}
