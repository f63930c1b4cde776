/// <reference lib="dom" />
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { grouped } from "../number_format.ts";
import { change, chosenModel } from "../page_state.ts";
import { KeptModels } from "./kept_models.tsx";
import { ListInput } from "./list_input.tsx";
import { localCards } from "./local_models.ts";
import { localReference } from "./local_reference.ts";
import { RecipeChoice } from "./recipe.tsx";
import { announcement, RunView } from "./run_view.tsx";
import { type Recipe, recipeFor, type Size, SIZES } from "./sizes.ts";
import { currentRun, givenList, isRunning, leaveRun, type Run, startTraining } from "./training.ts";

/** Trains a model on the visitor's own list, in this browser. */
export function Train(): VNode {
  const [choice, setChoice] = useState<Size | Recipe>(SIZES[0]);
  const [typedName, setTypedName] = useState<string>();
  const list = givenList.value;
  const run = currentRun.value;
  const size = "recipe" in choice ? choice : undefined;
  const recipe = "recipe" in choice
    ? recipeFor(choice, list?.status === "good" ? list.summary : undefined)
    : choice;
  const taken = localCards.value.map(({ name }) => name);
  const name = typedName ?? freeName(list?.file.name ?? "", taken);
  const isTaken = taken.includes(name);
  const trained = run?.status === "trained" ? run.name : undefined;
  const failed = run?.status === "trained" && run.failedAgainst !== null;
  useEffect(() => {
    if (trained === undefined) return;
    setTypedName(undefined);
    if (!failed) change({ model: localReference(trained) });
  }, [trained]);
  return (
    <section id="train" aria-labelledby="train-title">
      <h2 id="train-title">Train your own</h2>
      <p class="lead">
        Give it a list of anything: it learns what the things on it look like, and makes more of them. It
        learns in this browser. Nothing leaves it: not the list, not the model.
      </p>
      <p class="visually-hidden" role="status">{run && announcement(run)}</p>
      {run && <Ending run={run} />}
      {run && <RunView run={run} />}
      <form
        class="trainer"
        hidden={isRunning(run)}
        onSubmit={(event) => {
          event.preventDefault();
          startTraining({ ...recipe, name });
        }}
      >
        <ListInput />
        <div class="recipe">
          <RecipeChoice
            recipe={recipe}
            name={name}
            size={size}
            choose={setChoice}
          />
          <p class="field">
            <label for="model-name">Call it</label>
            <input
              id="model-name"
              type="text"
              value={name}
              required
              pattern="[a-z0-9][a-z0-9_\-]{0,63}"
              title="1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit"
              autocomplete="off"
              aria-invalid={isTaken}
              aria-describedby="model-name-hint"
              onInput={({ currentTarget }) => setTypedName(currentTarget.value)}
            />
            <span class={isTaken ? "hint error" : "hint"} id="model-name-hint">
              {isTaken
                ? `There is a model ${name} in this browser: delete it first, or choose another name.`
                : ""}
            </span>
          </p>
          <button type="submit" class="primary" disabled={list?.status !== "good" || isTaken}>Train</button>
        </div>
      </form>
      <KeptModels />
    </section>
  );
}

/** How a run ended. Who was at the button that stops it is led here, since it has gone. */
function Ending({ run }: { run: Run }): VNode | null {
  const ending = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) ending.current?.focus({ preventScroll: true });
  }, [run.status]);
  if (run.status === "failed") {
    return (
      <div class="failure" role="alert" tabIndex={-1} ref={ending}>
        <p>{run.message}</p>
        <button type="button" onClick={leaveRun}>Close</button>
      </div>
    );
  }
  if (run.status !== "trained") return null;
  const card = localCards.value.find(({ name }) => name === run.name);
  const nll = card?.nll.dev;
  const failed = run.failedAgainst !== null;
  return (
    <div class="ending" tabIndex={-1} ref={ending}>
      <p>
        {run.stopped
          ? `Stopped after ${grouped(card?.training.steps ?? 0)} steps; the best so far is kept. `
          : ""}
        <strong>{run.name}</strong> is {failed ? "kept" : "ready"}
        {typeof nll === "number" && `, with an NLL of ${nll.toFixed(3)} on lines kept from it`}.
        {!failed && (
          <>
            {chosenModel.value === localReference(run.name) && " The page uses it now."}{" "}
            <a href="#generate">Make things with it</a>
          </>
        )}
      </p>
      {failed && (
        <p class="failure" role="alert">
          Training has failed: the model is worse than a uniform guess over all characters (
          {run.failedAgainst!.toFixed(3)}). Try a lower learning rate or more steps.
        </p>
      )}
      {!run.stored && (
        <p class="failure" role="alert">
          This browser does not allow keeping it: download it before you leave the page.
        </p>
      )}
    </div>
  );
}

/** A model's name made of its list's, that no model in this browser has. */
function freeName(list: string, taken: readonly string[]): string {
  const stem = list === "pasted.txt" ? "" : list.replace(/\.[^.]*$/, "");
  const base =
    stem.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9_-]+/g, "-").replace(
      /^[-_]+|-+$/g,
      "",
    )
      .slice(0, 60) || "my-list";
  if (!taken.includes(base)) return base;
  for (let i = 2;; i++) if (!taken.includes(`${base}-${i}`)) return `${base}-${i}`;
}
