import type { WholeLines } from "../../shared/whole_lines.ts";
import type { LineScorer, LineScorerOptions, WrittenScores } from "./line_scorer.ts";
import { LineScorerThread } from "./line_scorer_thread.ts";

/** Lines that a thread is given at a time: those that it scores, and the next ones, so that it never waits. */
const MAX_LOAD = 2;
/** Milliseconds of scoring after which threads are started: about what they need to start. */
const START_AFTER = 1000;

/** Threads that score a long list. */
export interface ScoringThreads {
  /** How many. With 1, none is started. */
  count: number;
  /** The module of a thread; see {@link LineScorerThread}. */
  module: URL;
  /** How they score; they open the model themselves. */
  options: LineScorerOptions;
}

/**
 * Scores lines with several threads, in bounded memory: this one first, and if the list is long, that many others.
 *
 * @param own Scores on this thread.
 * @param threads The other threads. Null: there are none.
 * @param startAfter For how many milliseconds this thread scores before others are started.
 * @yields The scores in the order of the lines, as soon as there are any. They do not depend on the number of threads.
 * @throws {Error} If the model fails, or a thread cannot load it.
 */
export async function* scoreInOrder(
  own: LineScorer,
  pieces: AsyncGenerator<WholeLines>,
  threads: ScoringThreads | null,
  startAfter = START_AFTER,
): AsyncGenerator<WrittenScores> {
  let spent = 0;
  while (threads === null || threads.count === 1 || spent < startAfter) {
    const { value: lines, done } = await pieces.next();
    if (done) return;
    const started = performance.now();
    const scores = await own.score(lines);
    spent += performance.now() - started;
    yield scores;
  }
  const { count, module, options } = threads;
  const started = await Promise.all(
    Array.from({ length: count }, () => LineScorerThread.start(module, options)),
  );
  try {
    yield* scoreWith(started, pieces);
  } finally {
    for (const thread of started) thread.end();
  }
}

async function* scoreWith(
  threads: readonly LineScorerThread[],
  pieces: AsyncGenerator<WholeLines>,
): AsyncGenerator<WrittenScores> {
  const waiting: Promise<WrittenScores>[] = [];
  let next: Promise<IteratorResult<WholeLines>> | null = pieces.next();
  while (next !== null || waiting.length > 0) {
    const idlest = threads.reduce((a, b) => b.load < a.load ? b : a);
    // The input may pause for long, as a pipe does: what is scored meanwhile is not held back.
    const scored = waiting.slice(0, 1).map(async (first) => void await first);
    const piece = next !== null && idlest.load < MAX_LOAD ? await Promise.race([next, ...scored]) : undefined;
    if (piece === undefined) {
      yield await waiting.shift()!;
    } else if (piece.done) {
      next = null;
    } else {
      const scores = idlest.score(piece.value);
      scores.catch(() => {}); // thrown where it is awaited
      waiting.push(scores);
      next = pieces.next();
    }
  }
}
