import type { VNode } from "preact";
import type { Failure } from "./failure.ts";

/** Tells the visitor why a request failed, with a button to retry where that can help. */
export function FailureNotice({ failure, retry }: { failure: Failure; retry: () => void }): VNode {
  return (
    <div class="failure" role="alert">
      <p>{failure.message}</p>
      {failure.errors.length === 0 && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}
