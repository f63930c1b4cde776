import type { VNode } from "preact";
import { capitalized } from "./capitalized.ts";
import { noun } from "./noun.ts";
import type { Answer } from "./use_answer.ts";

/** Above this many results, the list scrolls by itself, so that the page does not get longer. */
const MAX_UNSCROLLED = 60;
/** Up to these lengths in characters, results have the largest and the middle size. */
const [SHORT, MIDDLE] = [14, 28];
/** The results that decide on the width of a column: of a hundred, the five longest may wrap. */
const DECIDING = 0.95;

interface ResultsProps {
  names: Answer<"generate">["names"];
  /** The names that are not in the training list; null where it is not known. */
  fresh: ReadonlySet<string> | null;
  pending: boolean;
  /** Called with the chosen name. */
  choose: (name: string) => void;
}

/** What was made, each with its perplexity and whether it is new. */
export function Results({ names, fresh, pending, choose }: ResultsProps): VNode {
  const lengths = names.map(({ name }) => Array.from(name).length).sort((a, b) => a - b);
  const longest = lengths[Math.ceil(DECIDING * lengths.length) - 1] ?? 0;
  const size = longest <= SHORT ? "short" : longest <= MIDDLE ? "middle" : "long";
  const many = names.length > MAX_UNSCROLLED;
  return (
    <ol
      role="list"
      class={`names ${size}${many ? " many" : ""}${pending ? " pending" : ""}`}
      style={{ "--longest": longest }}
      aria-label={capitalized(noun.value)}
    >
      {names.map(({ name, perplexity }) => (
        <li>
          <button type="button" title="Score it" onClick={() => choose(name)}>
            <span class="name" dir="auto">{name}</span>
            <span class="remarks">
              <span class="perplexity">
                <span class="visually-hidden">perplexity</span> {perplexity?.toFixed(1) ?? "∞"}
              </span>{" "}
              <Mark isNew={fresh?.has(name)} />
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Says whether a name is new. It has its room also before that is known. */
function Mark({ isNew }: { isNew?: boolean }): VNode {
  if (isNew === undefined) return <span class="mark" />;
  return <span class={isNew ? "mark new" : "mark known"}>{isNew ? "new" : "known"}</span>;
}
