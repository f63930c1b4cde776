import { type LogitsProcessor, temperature, topK, topP } from "../../shared/logits_processors.ts";
import type { NameStream } from "../../shared/random/name_stream.ts";

/** A character that may come next, or the end. */
export interface NextLetter {
  /** "." for the end, and for the character of that form. */
  character: string;
  probability: number;
  /** Set for the end. */
  end?: true;
}

/** How the distribution of the next character is reshaped before a draw. */
export interface Shaping {
  /** 1 leaves the distribution as it is. */
  temperature: number;
  /** null keeps all characters. */
  topK: number | null;
  /** 1 keeps all characters. */
  topP: number;
}

/** A part of the line from 0 to 1 that a draw falls on: as long as its character is likely. */
export interface Segment {
  character: string;
  end?: true;
  from: number;
  to: number;
}

/** A number from 0 to 1, and the segment on which it falls. */
export interface Draw {
  uniform: number;
  segment: Segment;
}

/** How often a first character is drawn from all before the end is excluded, as in shared/sampler.ts. */
const LETTER_DRAWS = 8;

/** Whether a shaping leaves every distribution as it is. */
export function isPlain({ temperature, topK, topP }: Shaping): boolean {
  return temperature === 1 && topK === null && topP === 1;
}

/**
 * Reshapes a distribution with the sampler's processors, in its order: temperature, top-k, top-p.
 *
 * @param letters In the order of the vocabulary, the end first.
 * @returns The probabilities, which sum to 1, in the same order.
 */
export function reshape(letters: readonly NextLetter[], shaping: Shaping): number[] {
  const row = Float64Array.from(letters, ({ probability }) => Math.log(probability));
  for (const process of processors(shaping)) process(row);
  const largest = row.reduce((a, b) => Math.max(a, b));
  const weights = Array.from(row, (logProb) => (logProb === -Infinity ? 0 : Math.exp(logProb - largest)));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

function processors({ temperature: degree, topK: k, topP: p }: Shaping): LogitsProcessor[] {
  return [
    ...(degree === 1 ? [] : [temperature(degree)]),
    ...(k === null ? [] : [topK(k)]),
    ...(p === 1 ? [] : [topP(p)]),
  ];
}

/**
 * Lays the characters end to end on the line from 0 to 1, in the order in which the sampler adds them up: the likeliest
 * first where nothing is reshaped, else in the order of the vocabulary.
 */
export function lineOf(
  letters: readonly NextLetter[],
  shaping: Shaping,
  likeliestFirst: boolean = isPlain(shaping),
): Segment[] {
  const shaped = reshape(letters, shaping).map((probability, i) => ({ ...letters[i], probability }));
  if (likeliestFirst) shaped.sort((a, b) => b.probability - a.probability); // a stable sort
  let from = 0;
  return shaped.filter(({ probability }) => probability > 0).map(({ character, end, probability }) => {
    const segment = { character, end, from, to: from + probability };
    from = segment.to;
    return segment;
  });
}

/**
 * Draws the next character as the sampler draws it.
 *
 * @param stream The random numbers of the name.
 * @param first The first character may not be the end.
 */
export function drawNext(
  letters: readonly NextLetter[],
  shaping: Shaping,
  stream: NameStream,
  first: boolean,
): Draw {
  const plain = isPlain(shaping);
  if (plain) {
    const line = lineOf(letters, shaping);
    for (let i = 0; i < (first ? LETTER_DRAWS : 1); i++) {
      const draw = fall(line, stream.next() / 2 ** 32);
      if (!first || !draw.segment.end) return draw;
    }
  }
  return fall(lineOf(first ? withoutEnd(letters) : letters, shaping, false), stream.uniform());
}

/** The characters but for the end. */
export function withoutEnd(letters: readonly NextLetter[]): NextLetter[] {
  return letters.filter(({ end }) => !end);
}

/** The segment on which a number from 0 to 1 falls. */
export function fall(line: readonly Segment[], uniform: number): Draw {
  return { uniform, segment: line.find(({ to }) => uniform < to) ?? line[line.length - 1] };
}
