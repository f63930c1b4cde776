import { generatePath, type PageState } from "./page_state.ts";
import { type Answer, type Asked, useAnswer } from "./use_answer.ts";

/** How long names stay the same before it is asked which are new, in milliseconds: a moving slider asks nothing. */
const DELAY = 250;

/**
 * Tells which names of an answer are not in the training list. It asks for the same names with `novel`: a name has the same
 * stream of random numbers there, so those are the new ones among these, and then further ones. No list is downloaded.
 *
 * @param hasList Whether the model came with its list.
 * @returns Null until it is known, or where it cannot be known.
 */
export function useNewThings(
  state: PageState,
  { answer, pending, failure }: Asked<"generate">,
  hasList: boolean | undefined,
  runtime: PageState["runtime"],
  model: string | undefined,
): ReadonlySet<string> | null {
  const settled = answer !== undefined && !pending && !failure;
  const path = settled && hasList && !state.novel ? generatePath({ ...state, novel: true }) : null;
  const novel = useAnswer<"generate">(path, runtime, model, DELAY, DELAY);
  if (!answer) return null;
  if (state.novel && settled) return namesOf(answer);
  // While another path is asked, or after it failed, the last answer is about other names.
  return path !== null && !novel.pending && novel.answer?.seed === answer.seed ? namesOf(novel.answer) : null;
}

function namesOf({ names }: Answer<"generate">): ReadonlySet<string> {
  return new Set(names.map(({ name }) => name));
}
