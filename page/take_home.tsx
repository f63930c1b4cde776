/// <reference lib="dom" />
import type { VNode } from "preact";
import { CopyButton } from "./copy_button.tsx";
import { noun } from "./noun.ts";
import { generatePath, state, stateAddress } from "./page_state.ts";
import { csvOf, saveFile, textOf } from "./save_file.ts";
import { isLocal } from "./train/local_reference.ts";
import type { Answer } from "./use_answer.ts";

interface TakeHomeProps {
  names: Answer<"generate">["names"];
  fresh: ReadonlySet<string> | null;
}

/** Ways to take what was made along: as a command, as text, as a file, as a link. */
export function TakeHome({ names, fresh }: TakeHomeProps): VNode {
  const curl = () => `curl '${location.origin}${generatePath(state.value)}'`;
  const file = noun.value.replace(/[^\p{L}\p{N}]+/gu, "-");
  return (
    <div class="take">
      <h3>The same from your terminal</h3>
      {isLocal(state.value.model) && (
        <p class="hint">
          Once a server has this model: <a href="#kept">download it</a>.
        </p>
      )}
      <pre tabIndex={0} aria-label="curl command"><code>{curl()}</code></pre>
      <p class="copies">
        <CopyButton text={curl}>Copy as curl</CopyButton>
        <CopyButton text={() => textOf(names)}>Copy the list</CopyButton>
        <CopyButton text={() => stateAddress(state.value).href}>Copy a link to this</CopyButton>
        <button type="button" onClick={() => saveFile(`${file}.txt`, "text/plain", textOf(names))}>
          Download as text
        </button>
        <button type="button" onClick={() => saveFile(`${file}.csv`, "text/csv", csvOf(names, fresh))}>
          Download as CSV
        </button>
      </p>
    </div>
  );
}
