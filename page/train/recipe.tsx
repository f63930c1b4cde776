/// <reference lib="dom" />
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ModelOptions } from "../../trainer/train_options.ts";
import { capitalized } from "../capitalized.ts";
import { CopyButton } from "../copy_button.tsx";
import { optimizerNames, scheduleNames } from "./choices.ts";
import type { HyperparameterField } from "./messages.ts";
import { type Recipe, type Size, SIZES, trainCommand } from "./sizes.ts";
import { givenList, openTrainer, trainable } from "./training.ts";

interface RecipeProps {
  recipe: Recipe;
  /** The model's name. */
  name: string;
  /** The size that the recipe is, or undefined if it was changed. */
  size: Size | undefined;
  choose(choice: Size | Recipe): void;
}

interface OptionsProps {
  recipe: Recipe;
  change(recipe: Recipe): void;
}

/** The choice of a size by words, with the options it stands for behind a disclosure. */
export function RecipeChoice({ recipe, name, size, choose }: RecipeProps): VNode {
  return (
    <>
      <fieldset>
        <legend>How good</legend>
        <div class="segments">
          {SIZES.map((choice) => (
            <label>
              <input
                type="radio"
                name="size"
                value={choice.name}
                checked={size === choice}
                onChange={() => choose(choice)}
              />
              <span>{choice.label}</span>
            </label>
          ))}
        </div>
        <p class="hint">{size?.hint ?? "Your own options."}</p>
      </fieldset>
      <details class="options" onToggle={() => openTrainer()}>
        <summary>All options</summary>
        <Options recipe={recipe} change={choose} />
        <Command options={{ ...recipe, name }} />
      </details>
    </>
  );
}

/** The numbers of a recipe that can be left out are undefined. */
const NUMBERS: { key: keyof Recipe; label: string; min: number; max: number; step?: string; hint: string }[] =
  [
    { key: "steps", label: "Steps", min: 1, max: 1_000_000, hint: "mini-batches to learn from" },
    { key: "batch", label: "Batch", min: 1, max: 4096, hint: "examples a step" },
    { key: "lr", label: "Learning rate", min: 1e-9, max: 1000, step: "any", hint: "at the beginning" },
    {
      key: "weightDecay",
      label: "Weight decay",
      min: 0,
      max: 10,
      step: "any",
      hint: "share taken off a step",
    },
    { key: "warmup", label: "Warm-up", min: 0, max: 1_000_000, hint: "steps in which the rate rises" },
    { key: "clip", label: "Clip", min: 1e-9, max: 1e9, step: "any", hint: "largest norm of the gradients" },
    { key: "dropout", label: "Dropout", min: 0, max: 0.99, step: "any", hint: "share set to zero" },
    {
      key: "average",
      label: "Average",
      min: 0,
      max: 0.99999,
      step: "any",
      hint: "decay of averaged weights",
    },
    { key: "seed", label: "Seed", min: 0, max: Number.MAX_SAFE_INTEGER, hint: "of weights and batches" },
  ];

function Options({ recipe, change }: OptionsProps): VNode {
  const architecture = trainable.value.find(({ name }) => name === recipe.architecture);
  const isTrained = recipe.architecture !== "bigram";
  return (
    <div class="fields">
      <Choice
        id="option-architecture"
        label="Architecture"
        hint={architecture?.summary ?? ""}
        value={recipe.architecture}
        choices={trainable.value.map(({ name }) => name)}
        choose={(architecture) =>
          change({ ...recipe, architecture, hyperparameters: {}, dropout: undefined })}
      />
      {architecture?.fields.map((field) => (
        <Hyperparameter key={field.key} field={field} recipe={recipe} change={change} />
      ))}
      {isTrained && (
        <>
          <Choice
            id="option-optimizer"
            label="Optimizer"
            hint="rule of gradient descent"
            value={recipe.optimizer}
            choices={optimizerNames}
            choose={(optimizer) => change({ ...recipe, optimizer: optimizer as Recipe["optimizer"] })}
          />
          <Choice
            id="option-schedule"
            label="Schedule"
            hint="how the learning rate changes"
            value={recipe.schedule}
            choices={scheduleNames}
            choose={(schedule) => change({ ...recipe, schedule: schedule as Recipe["schedule"] })}
          />
          {NUMBERS.map(({ key, ...field }) => (
            <NumberField
              {...field}
              id={`option-${key}`}
              value={recipe[key] as number | undefined}
              required={["steps", "batch", "lr", "seed"].includes(key)}
              set={(value) => change({ ...recipe, [key]: value })}
            />
          ))}
        </>
      )}
    </div>
  );
}

/** The command that does the same. */
function Command({ options }: { options: ModelOptions }): VNode | null {
  const architecture = trainable.value.find(({ name }) => name === options.architecture);
  if (!architecture) return null;
  const command = trainCommand(options, givenList.value?.file.name ?? "list.txt", architecture);
  return (
    <div class="take">
      <h3>The same from your terminal</h3>
      <p class="hint">It makes the same model, byte for byte, on a machine of the same kind.</p>
      <pre tabIndex={0} aria-label="training command">
        <code>
          {command.split(/ (?=--)/).flatMap((part, i) => [i > 0 && " ", <span key={part}>{part}</span>])}
        </code>
      </pre>
      <p class="copies">
        <CopyButton text={() => command}>Copy the command</CopyButton>
      </p>
    </div>
  );
}

function Hyperparameter(
  { field, recipe, change }: OptionsProps & { field: HyperparameterField },
): VNode {
  const { key, description, type } = field;
  const value = recipe.hyperparameters[key] ?? field.default;
  const set = (value: number | string | boolean | undefined) => {
    const { [key]: _old, ...others } = recipe.hyperparameters;
    change({ ...recipe, hyperparameters: value === undefined ? others : { ...others, [key]: value } });
  };
  const id = `hyperparameter-${key}`;
  if (type === "boolean") {
    return (
      <p class="field option">
        <label>
          <input
            type="checkbox"
            aria-describedby={`${id}-hint`}
            checked={Boolean(value)}
            onChange={({ currentTarget }) =>
              set(currentTarget.checked || field.default !== undefined ? currentTarget.checked : undefined)}
          />
          {capitalized(key)}
        </label>
        <span class="hint" id={`${id}-hint`}>{description}</span>
      </p>
    );
  }
  if (type === "choice") {
    return (
      <Choice
        id={id}
        label={capitalized(key)}
        hint={description}
        value={String(value)}
        choices={field.choices!}
        choose={set}
      />
    );
  }
  return (
    <NumberField
      id={id}
      label={capitalized(key)}
      hint={description}
      value={value as number}
      min={field.minimum ?? 0}
      max={field.maximum ?? 1e9}
      step={type === "integer" ? undefined : "any"}
      required
      set={set}
    />
  );
}

function Choice(
  { id, label, hint, value, choices, choose }: {
    id: string;
    label: string;
    hint: string;
    value: unknown;
    choices: readonly string[];
    choose(value: string): void;
  },
): VNode {
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={String(value)}
        aria-describedby={`${id}-hint`}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      >
        {choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
      </select>
      <span class="hint" id={`${id}-hint`}>{hint}</span>
    </p>
  );
}

function NumberField(
  { id, label, hint, value, min, max, step, required, set }: {
    id: string;
    label: string;
    hint: string;
    value: number | undefined;
    min: number;
    max: number;
    step?: string;
    required: boolean;
    set(value: number | undefined): void;
  },
): VNode {
  // What is typed stays as it is: 0.0 on the way to 0.05 is the number 0.
  const [text, setText] = useState("");
  const typed = text === "" ? undefined : Number(text);
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        value={typed === value ? text : value ?? ""}
        min={min}
        max={max}
        step={step}
        required={required}
        aria-describedby={`${id}-hint`}
        onInput={({ currentTarget }) => {
          if (currentTarget.validity.badInput) return; // such as 1e, on the way to 1e-3
          setText(currentTarget.value);
          set(currentTarget.value === "" ? undefined : currentTarget.valueAsNumber);
        }}
      />
      <span class="hint" id={`${id}-hint`}>{hint}</span>
    </p>
  );
}
