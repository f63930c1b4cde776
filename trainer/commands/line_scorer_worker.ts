/* The thread of a LineScorerThread: the first message has the options, the others have lines. */
import type { WholeLines } from "../../shared/whole_lines.ts";
import { startTensorFlow } from "../tensorflow.ts";
import { denoTask } from "./deno_task.ts";
import { type LineScorer, type LineScorerOptions, openLineScorer } from "./line_scorer.ts";
import type { ThreadAnswer } from "./line_scorer_thread.ts";

/** The part of a worker's global scope that this uses; the types of Deno's are not in `lib`. */
const scope = globalThis as unknown as {
  onmessage: (event: { data: LineScorerOptions | WholeLines }) => void;
  postMessage(message: ThreadAnswer, transfer?: Transferable[]): void;
};

let scorer: LineScorer;
/** Resolves when the messages before are answered. */
let before = Promise.resolve();

scope.onmessage = ({ data }) => {
  before = before.then(async () => {
    try {
      await answer(data);
    } catch (error) {
      scope.postMessage({ failed: (error as Error).message });
    }
  });
};

async function answer(message: LineScorerOptions | WholeLines): Promise<void> {
  if ("bytes" in message) {
    const written = await scorer.score(message);
    scope.postMessage(written, [written.text.buffer]);
    return;
  }
  await startTensorFlow();
  scorer = await openLineScorer(message, denoTask.openLanguageModel);
  scope.postMessage("ready");
}
