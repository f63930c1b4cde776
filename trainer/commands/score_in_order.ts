import type { WholeLines } from "../../shared/whole_lines.ts";
import type { LineScorer, LineScorerOptions, WrittenScores } from "./line_scorer.ts";
import { LineScorerThread } from "./line_scorer_thread.ts";

/** Lines that a thread is given at a time: those that it scores, and the next ones, so that it never waits. */
const MAX_LOAD = 2;
/** Milliseconds of scoring after which threads are started: about what they need to start. */
const START_AFTER = 1000;

/**
 * Scores lines with several threads, in bounded memory: this one first, and if the list is long, that many others.
 *
 * @param own Scores on this thread.
 * @param options How the other threads score; they open the model themselves.
 * @param workers How many threads score the lines of a long list. With 1, only this thread.
 * @param startAfter For how many milliseconds this thread scores before others are started.
 * @yields The scores in the order of the lines, as soon as there are any. They do not depend on the number of threads.
 * @throws {Error} If the model fails, or a thread cannot load it.
 */
export async function* scoreInOrder(
  own: LineScorer,
  pieces: AsyncGenerator<WholeLines>,
  options: LineScorerOptions,
  workers: number,
  startAfter = START_AFTER,
): AsyncGenerator<WrittenScores> {
  let spent = 0;
  while (workers === 1 || spent < startAfter) {
    const { value: lines, done } = await pieces.next();
    if (done) return;
    const started = performance.now();
    const scores = await own.score(lines);
    spent += performance.now() - started;
    yield scores;
  }
  const threads = await Promise.all(Array.from({ length: workers }, () => LineScorerThread.start(options)));
  try {
    yield* scoreWith(threads, pieces);
  } finally {
    for (const thread of threads) thread.end();
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
