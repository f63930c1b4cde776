import type { WholeLines } from "../../shared/whole_lines.ts";
import type { LineScorer, WrittenScores } from "./line_scorer.ts";
import { MAX_LOAD } from "./line_scorer_thread.ts";
import { Scorers, type ScoringThreads } from "./scorers.ts";

/** Milliseconds of scoring after which threads are started. A list that takes much less is done before they are ready. */
const START_AFTER = 100;

/** Lines that are being scored. */
interface UnderWay {
  scores: Promise<WrittenScores>;
  /** Resolves when the scores are there, or scoring them has failed. */
  end: Promise<void>;
  hasEnded: boolean;
}

/**
 * Scores lines in bounded memory: on this thread, and if the list is long, on others as well.
 *
 * @param own Scores on this thread.
 * @param threads Null: this one alone.
 * @param startAfter For how many milliseconds this thread scores before others are started. It goes on while they start.
 * @yields The scores in the order of the lines, as soon as there are any. They do not depend on the number of threads.
 * @throws {Error} If the model fails, or a thread cannot load it.
 */
export async function* scoreInOrder(
  own: LineScorer,
  pieces: AsyncGenerator<WholeLines>,
  threads: ScoringThreads | null,
  startAfter = START_AFTER,
): AsyncGenerator<WrittenScores> {
  const scorers = new Scorers(own, threads, startAfter);
  const maxUnderWay = (threads?.count ?? 1) * (MAX_LOAD + 1);
  const underWay: UnderWay[] = [];
  let next: Promise<IteratorResult<WholeLines>> | null = pieces.next();
  try {
    while (next !== null || underWay.length > 0) {
      if (underWay[0]?.hasEnded) {
        yield await underWay.shift()!.scores;
        continue;
      }
      const scorer = underWay.length < maxUnderWay ? scorers.free() : null;
      // The input may pause for long, as a pipe does: what is scored meanwhile is not held back.
      const events: Promise<IteratorResult<WholeLines> | void>[] = scorers.starting();
      for (const { end, hasEnded } of underWay) if (!hasEnded) events.push(end);
      if (next !== null && scorer !== null) events.push(next);
      const piece = await Promise.race(events);
      if (!piece) continue;
      if (!piece.done) underWay.push(startScoring(scorer!, piece.value));
      next = piece.done ? null : pieces.next();
    }
  } finally {
    scorers.end();
  }
}

function startScoring(scorer: LineScorer, lines: WholeLines): UnderWay {
  const scores = scorer.score(lines);
  const end = () => void (started.hasEnded = true);
  const started: UnderWay = { scores, end: scores.then(end, end), hasEnded: false };
  return started;
}
