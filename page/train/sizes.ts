import type { ArchitectureFields, ListSummary } from "./messages.ts";
import type { ModelOptions } from "../../trainer/train_options.ts";

/** What is trained and how, without the model's name. */
export type Recipe = Omit<ModelOptions, "name">;

/** A choice in words, and what it stands for. */
export interface Size {
  name: string;
  label: string;
  hint: string;
  /** For a list of any length; see {@link recipeFor}. */
  recipe: Recipe;
  /**
   * Most times that each example is seen. On 500 French towns, more steps give no better dev NLL: the network learns the
   * list by heart.
   */
  maxEpochs: number;
}

const COMMON = { optimizer: "adamw", schedule: "cosine", backend: "fused", seed: 42 } as const;

/** The sizes, from small to large. docs/models.md has what such models reach. */
export const SIZES: readonly Size[] = [
  {
    name: "quick",
    label: "Quick",
    hint: "Some seconds: an MLP that sees the last 5 characters.",
    recipe: {
      ...COMMON,
      architecture: "mlp",
      hyperparameters: { context: 5, embedding: 16, hidden: 128 },
      steps: 3000,
      batch: 64,
      lr: 0.003,
      weightDecay: 0.01,
    },
    maxEpochs: 12,
  },
  {
    name: "better",
    label: "Better",
    hint: "Half a minute: a GRU that remembers all characters so far.",
    recipe: {
      ...COMMON,
      architecture: "gru",
      hyperparameters: { embedding: 32, hidden: 64 },
      steps: 2500,
      batch: 64,
      lr: 0.005,
      weightDecay: 0.1,
      warmup: 100,
      clip: 1,
    },
    maxEpochs: 50,
  },
  {
    name: "best",
    label: "Best",
    hint: "Some minutes: a GRU twice as wide, with dropout.",
    recipe: {
      ...COMMON,
      architecture: "gru",
      hyperparameters: { embedding: 64, hidden: 128 },
      steps: 6000,
      batch: 128,
      lr: 0.003,
      weightDecay: 0.1,
      warmup: 200,
      clip: 1,
      dropout: 0.2,
    },
    maxEpochs: 120,
  },
];

/** Fewest steps of a size, however short the list. */
const MIN_STEPS = 100;

/** What a size stands for on a list: a short one is learnt in fewer steps. */
export function recipeFor({ recipe, maxEpochs }: Size, list: ListSummary | undefined): Recipe {
  if (!list) return recipe;
  // An MLP learns from the window before each character, the others from whole lines.
  const examples = recipe.architecture === "mlp" ? list.trainCharacters : list.trainLines;
  const enough = Math.ceil(maxEpochs * examples / (recipe.batch as number));
  return { ...recipe, steps: Math.min(recipe.steps, Math.max(MIN_STEPS, enough)) };
}

/**
 * The command that trains the same model from a file, with the same bytes.
 *
 * @param architecture The recipe's architecture.
 */
export function trainCommand(
  { hyperparameters, ...recipe }: ModelOptions,
  list: string,
  { fields }: ArchitectureFields,
): string {
  const isTrained = recipe.architecture !== "bigram";
  const flags: [string, unknown][] = [
    ["data", list],
    ["name", recipe.name],
    ["architecture", recipe.architecture],
    ...fields.flatMap(({ key, default: fallback }): [string, unknown][] => {
      const value = hyperparameters[key] ?? fallback;
      return value === fallback ? [] : [[key, value]];
    }),
    ...Object.entries(isTrained ? FLAGS : {})
      .map(([flag, key]): [string, unknown] => [flag, recipe[key as keyof typeof recipe]]),
  ];
  const texts = flags.flatMap(([flag, value]) => {
    if (value === undefined) return [];
    if (typeof value === "boolean") return [value ? `--${flag}` : `--no-${flag}`];
    return [`--${flag} ${quoted(String(value))}`];
  });
  return `deno task train ${texts.join(" ")}`;
}

/** The command line's flags of training. */
const FLAGS: Record<string, keyof Recipe> = {
  steps: "steps",
  batch: "batch",
  optimizer: "optimizer",
  lr: "lr",
  schedule: "schedule",
  "weight-decay": "weightDecay",
  warmup: "warmup",
  clip: "clip",
  dropout: "dropout",
  average: "average",
  seed: "seed",
};

/** A word for a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
