/// <reference lib="dom" />
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { isolated } from "../direction.ts";
import { Failure } from "../failure.ts";
import { grouped } from "../number_format.ts";
import { shortened } from "../shortened.ts";
import { downloadList, listPath, SAMPLE_LISTS, type SampleList } from "./sample_lists.ts";
import { giveList, type GivenList, givenList, openTrainer } from "./training.ts";

/** The name of a list that was pasted or typed. */
const PASTED = "pasted.txt";
/** A longer text is not shown in the field: laying it out takes seconds. */
const MAX_SHOWN = 50_000;
/** Most characters of a line that are shown as an example. */
const MAX_LINE = 30;
/** How long a typed list must stay the same before it is read, in milliseconds. */
const DELAY = 250;

/** Takes a list: pasted, typed, dropped, chosen as a file, or one that comes along. */
export function ListInput(): VNode {
  const [text, setText] = useState("");
  const [failure, setFailure] = useState("");
  const [over, setOver] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const list = givenList.value;
  const isFile = list !== undefined && (list.file.name !== PASTED || list.file.bytes.length > MAX_SHOWN);

  useEffect(() => () => clearTimeout(timer.current), []);

  const give = (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    clearTimeout(timer.current);
    setFailure("");
    giveList({ name, bytes });
  };
  const giveText = (text: string) => {
    setText(text);
    clearTimeout(timer.current);
    if (text === "") return giveList(undefined);
    timer.current = setTimeout(() => give(PASTED, new TextEncoder().encode(text)), DELAY);
  };
  const giveFile = async (file: File | null | undefined) => {
    if (!file) return;
    setText("");
    try {
      give(file.name, new Uint8Array(await file.arrayBuffer()));
    } catch (error) {
      setFailure(`Cannot read the list ${file.name}: ${(error as Error).message}`);
    }
  };
  const giveSample = async (sample: SampleList) => {
    try {
      const { name, bytes } = await downloadList(sample);
      setText("");
      give(name, bytes);
    } catch (error) {
      setFailure(Failure.from(error).message);
    }
  };
  const paste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (pasted.length <= MAX_SHOWN) return; // as into any field
    event.preventDefault();
    setText("");
    give(PASTED, new TextEncoder().encode(pasted));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void giveFile(event.dataTransfer?.files[0]);
  };

  return (
    <div
      class={over ? "list-input over" : "list-input"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <p class="field">
        <label for="list">Your list, one thing a line</label>
        {isFile
          ? (
            <span class="file">
              <span>{list.file.name === PASTED ? "The pasted text" : list.file.name}</span>
              <button type="button" onClick={() => giveText("")}>Take another</button>
            </span>
          )
          : (
            <textarea
              id="list"
              rows={8}
              dir="auto"
              value={text}
              placeholder="Paste it here, or drop a text file"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              aria-describedby="list-status list-error"
              aria-invalid={list?.status === "refused"}
              onFocus={() => openTrainer()}
              onPaste={paste}
              onInput={({ currentTarget }) => giveText(currentTarget.value)}
            />
          )}
      </p>
      <div id="list-status" role="status" class="list-status">{list && <Status list={list} />}</div>
      {(failure || list?.status === "refused") && (
        <div class="failure" id="list-error" role="alert">
          <p>{failure || (list as GivenList & { status: "refused" }).message}</p>
        </div>
      )}
      <p class="begin-with">
        <label class="button">
          Choose a file
          <input
            type="file"
            class="visually-hidden"
            accept=".txt,.csv,.tsv,text/*"
            onChange={({ currentTarget }) => {
              void giveFile(currentTarget.files?.[0]);
              currentTarget.value = ""; // the same file may be chosen again
            }}
          />
        </label>
        <span>or begin with</span>
        {SAMPLE_LISTS.map((sample) => (
          <button
            type="button"
            title={sample.source}
            onClick={() => giveSample(sample)}
          >
            {sample.label}
          </button>
        ))}
      </p>
      <p class="hint">
        Lists by {SAMPLE_LISTS.map(({ source, licence }, i) => (
          <>
            {i > 0 && "; "}
            {licence ? <a href={listPath(licence)}>{source}</a> : source}
          </>
        ))}.
      </p>
    </div>
  );
}

function Status({ list }: { list: GivenList }): VNode | null {
  if (list.status === "reading") return <p class="hint">Reading …</p>;
  if (list.status === "refused") return null;
  const { lines, characters, first } = list.summary;
  return (
    <p class="hint">
      {grouped(lines)} lines of {characters} different characters:{" "}
      {first.map((line) => isolated(shortened(line, MAX_LINE))).join(", ")} …
    </p>
  );
}
