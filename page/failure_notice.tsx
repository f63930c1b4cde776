import type { VNode } from "preact";
import type { Failure } from "./failure.ts";
import { change, RUNTIME_NAMES } from "./page_state.ts";

interface FailureNoticeProps {
  failure: Failure;
  retry: () => void;
  /** What the visitor knows parameters as, such as "Your text". The others are called by their names. */
  labels?: Readonly<Record<string, string>>;
}

/** Tells the visitor why a request failed, with buttons for what can help: to retry, or to run the model elsewhere. */
export function FailureNotice({ failure, retry, labels = {} }: FailureNoticeProps): VNode {
  const { errors, instead } = failure;
  const faults = errors.map(({ parameter, message }) => `${labels[parameter] ?? parameter} ${message}`);
  const message = faults.length > 0 ? `${faults.join("; ")}.` : failure.message;
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
