/// <reference lib="dom" />
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ModelCard } from "../../shared/model_card.ts";
import { CopyButton } from "../copy_button.tsx";
import { grouped } from "../number_format.ts";
import { change, chosenModel } from "../page_state.ts";
import { closeRuntime } from "../runtime.ts";
import { deleteLocalModel, localCards, localFiles } from "./local_models.ts";
import { localReference } from "./local_reference.ts";

/** The models that were trained in this browser: use, download and delete them. */
export function KeptModels(): VNode | null {
  const cards = localCards.value;
  if (cards.length === 0) return null;
  return (
    <div id="kept" class="kept">
      <h3 id="kept-title">In this browser</h3>
      <ul role="list" aria-labelledby="kept-title">
        {cards.map((card) => <KeptModel key={card.name} card={card} />)}
      </ul>
    </div>
  );
}

function KeptModel({ card }: { card: ModelCard }): VNode {
  const [failure, setFailure] = useState("");
  const [downloaded, setDownloaded] = useState(false);
  const reference = localReference(card.name);
  const id = `kept-${card.name}`;
  const attempt = (work: () => Promise<void>) => async () => {
    setFailure("");
    await work().catch((error: Error) => setFailure(`${error.message}.`));
  };
  const remove = async () => {
    if (!confirm(`Delete ${card.name} from this browser?`)) return;
    await deleteLocalModel(card.name);
    closeRuntime(reference);
    if (chosenModel.value === reference) change({ model: "" });
  };
  return (
    <li>
      <p>
        <strong id={id}>{card.name}</strong>{" "}
        <span class="hint">
          {card.architecture}, {grouped(card.parameters)} parameters, dev NLL{" "}
          {card.nll.dev?.toFixed(3) ?? "∞"}, from {card.dataset.name}
        </span>
      </p>
      <p class="copies">
        <button
          type="button"
          aria-describedby={id}
          aria-pressed={chosenModel.value === reference}
          onClick={() => {
            change({ model: reference });
            document.getElementById("generate")!.scrollIntoView();
          }}
        >
          Use it
        </button>
        <button
          type="button"
          aria-describedby={id}
          onClick={attempt(async () => {
            await download(card.name);
            setDownloaded(true);
          })}
        >
          Download
        </button>
        <button type="button" aria-describedby={id} onClick={attempt(remove)}>Delete</button>
      </p>
      {failure && <p class="error" role="alert">{failure}</p>}
      {downloaded && <Commands name={card.name} />}
    </li>
  );
}

/** What puts a downloaded model at the edge. */
function Commands({ name }: { name: string }): VNode {
  const commands = `deno task train --from ${name}.edgemore.zip\ndeno task start\n`;
  return (
    <div class="take">
      <p class="hint">In a copy of edgemore, these two commands put it at the edge:</p>
      <pre tabIndex={0} aria-label="commands"><code>{commands}</code></pre>
      <p class="copies">
        <CopyButton text={() => commands}>Copy the commands</CopyButton>
      </p>
    </div>
  );
}

/** Gives a model's files as one file. */
async function download(name: string): Promise<void> {
  const [{ archiveName, writeArchive }, files] = await Promise.all([
    import("../../trainer/model_archive.ts"),
    localFiles(name),
  ]);
  const url = URL.createObjectURL(new Blob([await writeArchive(files)], { type: "application/zip" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = archiveName(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
