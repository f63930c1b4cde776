import type { VNode } from "preact";
import { change, type Setting, state } from "./page_state.ts";
import type { Failure } from "./failure.ts";

interface Field {
  setting: Setting;
  label: string;
  hint: string;
  placeholder?: string;
  /** Which keyboard a phone shows. */
  inputMode?: "numeric" | "decimal";
}

const FIELDS: Field[] = [
  { setting: "prefix", label: "Begins with", hint: "the start of each", placeholder: "anything" },
  { setting: "n", label: "How many", hint: "1 to 1000", inputMode: "numeric" },
  { setting: "min_length", label: "Shortest", hint: "characters", placeholder: "1", inputMode: "numeric" },
  { setting: "max_length", label: "Longest", hint: "characters", placeholder: "64", inputMode: "numeric" },
  {
    setting: "top_k",
    label: "Top-k",
    hint: "only the k likeliest letters",
    placeholder: "all",
    inputMode: "numeric",
  },
  {
    setting: "top_p",
    label: "Top-p",
    hint: "only the likeliest letters up to this share, 0 to 1",
    placeholder: "1",
    inputMode: "decimal",
  },
  { setting: "seed", label: "Seed", hint: "The same seed gives the same again.", inputMode: "numeric" },
];

/** The settings of generated names. Each change makes names anew, from the same seed. */
export function Settings({ failure }: { failure?: Failure }): VNode {
  const errorOf = (setting: string) =>
    failure?.errors.find(({ parameter }) => parameter === setting)?.message;
  return (
    <form class="settings" aria-labelledby="settings-title" onSubmit={(event) => event.preventDefault()}>
      <h3 id="settings-title">Settings</h3>
      <div class="fields">
        {FIELDS.map((field) => (
          <TextField
            {...field}
            error={errorOf(field.setting)}
          />
        ))}
      </div>
      <Switch setting="novel" error={errorOf("novel")}>Only new ones, none from the list</Switch>
      <Switch setting="unique">Each only once</Switch>
    </form>
  );
}

interface SwitchProps {
  setting: "novel" | "unique";
  error?: string;
  children: string;
}

function Switch({ setting, error, children }: SwitchProps): VNode {
  return (
    <div>
      <p class="check">
        <input
          id={setting}
          type="checkbox"
          checked={state.value[setting]}
          aria-describedby={error && `${setting}-error`}
          onChange={({ currentTarget }) => change({ [setting]: currentTarget.checked })}
        />
        <label for={setting}>{children}</label>
      </p>
      {error && <p class="hint error" id={`${setting}-error`}>{error}</p>}
    </div>
  );
}

function TextField({ setting, label, hint, error, ...input }: Field & { error?: string }): VNode {
  return (
    <p class={`field ${setting}`}>
      <label for={setting}>{label}</label>
      <input
        id={setting}
        type="text"
        dir="auto"
        autocomplete="off"
        spellcheck={false}
        value={state.value[setting]}
        aria-invalid={error !== undefined}
        aria-describedby={`${setting}-hint`}
        onInput={({ currentTarget }) => change({ [setting]: currentTarget.value })}
        {...input}
      />
      <span class={error ? "hint error" : "hint"} id={`${setting}-hint`}>{error ?? hint}</span>
    </p>
  );
}
