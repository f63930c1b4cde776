import type { VNode } from "preact";
import type { Failure } from "./failure.ts";
import { change, RUNTIME_NAMES } from "./page_state.ts";

/** Tells the visitor why a request failed, with buttons for what can help: to retry, or to run the model elsewhere. */
export function FailureNotice({ failure, retry }: { failure: Failure; retry: () => void }): VNode {
  const { message, errors, instead } = failure;
  return (
    <div class="failure" role="alert">
      <p>{message}</p>
      {instead && (
        <button type="button" onClick={() => change({ runtime: instead })}>
          Use {RUNTIME_NAMES[instead]}
        </button>
      )}
      {errors.length === 0 && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}
