import type { VNode } from "preact";
import type { Failure } from "./failure.ts";

/** Says where it happened why there is no answer, and asks again when told to, if that can help. */
export function FailureNotice({ failure, retry }: { failure: Failure; retry: () => void }): VNode {
  return (
    <div class="failure" role="alert">
      <p>{failure.message}</p>
      {failure.errors.length === 0 && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}
