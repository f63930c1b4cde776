import * as z from "zod";
import { nounSchema } from "./noun_schema.ts";
import { once } from "./once.ts";
import { sha256 as sha256Of } from "./sha256.ts";
import { Vocabulary } from "./vocabulary.ts";

/** How many quantiles of the dev split's NLL a card holds: one a percent, both ends included. */
export const CARD_QUANTILES = 101;
/** Maximum number of points of a loss history on a card. */
export const CARD_HISTORY_POINTS = 200;
/** Maximum number of tokens, with the boundary, in the {@link Pictures} of a card: a larger chart is illegible. */
export const MAX_PICTURED_TOKENS = 40;

/**
 * Maximum context length of a model with a window. A name has at most 256 characters, and the memory of each cached
 * context and of each batch is proportional to this length.
 */
export const MAX_CONTEXT_LENGTH = 1024;

/** The name of a model, which is a file name and a part of a URL. */
export const modelName = once(() =>
  z.string().regex(
    /^[a-z0-9][a-z0-9_-]{0,63}$/,
    "a model's name has 1 to 64 of a-z, 0-9, - and _, and begins with a letter or digit",
  )
);

/** Maximum number of elements in all states of a model at one position. */
export const MAX_STATE_NUMBERS = 2 ** 16;

const stateShape = once(() =>
  z.tuple([z.literal("batch")], z.union([z.int().min(1), z.literal("past")])).refine(
    (shape) => shape.filter((length) => length === "past").length <= 1,
    'a shape has "past" once at most',
  )
);

const stateSchema = once(() =>
  z.object({
    name: z.string().regex(/^[a-z0-9_.]{1,64}$/, "a state's name has 1 to 64 of a-z, 0-9, _ and ."),
    type: z.literal("float32"),
    shape: stateShape().describe('Lengths of its axes; "past" is the axis that grows by one with each token'),
  })
);

/** A state that a model hands from token to token; see {@link modelCardSchema}. */
export type CardState = z.infer<ReturnType<typeof stateSchema>>;

const sha256 = once(() => z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 hexadecimal digits"));
const count = once(() => z.int().nonnegative());
/** In nats a character. Null is infinity, which JSON does not have: a name in the split is impossible. */
const nll = once(() => z.number().nonnegative().nullable());

/** A number for each pictured token, or for each pair: token 0, the boundary, comes first. */
const picturesSchema = once(() =>
  z.object({
    tokens: z.array(count()).max(MAX_PICTURED_TOKENS).optional().describe(
      "The pictured tokens, ascending: the boundary and the commonest characters; left out if they are all tokens",
    ),
    bigrams: z.array(z.array(count()).max(MAX_PICTURED_TOKENS)).max(MAX_PICTURED_TOKENS).describe(
      "[tokens, tokens]: how often the train split has the row's character and then the column's",
    ),
    embedding: z.array(z.array(z.number()).length(2)).max(MAX_PICTURED_TOKENS).optional().describe(
      "[tokens, 2]: each token's embedding, along the two directions in which they differ most",
    ),
  })
);

/** The data of the charts that a page draws of a model. */
export type Pictures = z.infer<ReturnType<typeof picturesSchema>>;

/**
 * The schema of `models/NAME.json`, a model's card: all that a server needs to run the model, and a reader to judge it. Its
 * hashes determine the model's other files; see model_files.ts.
 */
export const modelCardSchema = once(() =>
  z.object({
    name: modelName(),
    noun: nounSchema().optional().describe(
      "What its things are called, in the plural; older cards have none, and it is derived from the names of list and model",
    ),
    architecture: z.string().min(1).describe("File of trainer/architectures that made it"),
    hyperparameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
    parameters: count().describe("How many numbers were learnt"),
    vocabulary: z.string().min(1).describe(
      "The characters of tokens 1, 2, 3 … in order; token 0 is the boundary, the beginning and the end",
    ),
    context_length: z.int().min(1).max(MAX_CONTEXT_LENGTH).nullable().describe(
      "How many tokens back the model sees; null: all of them",
    ),
    states: z.array(stateSchema()).min(1).optional().describe(
      "What a model without a window hands from step to step: past.NAME and present.NAME of its .onnx file",
    ),
    exact_passes: z.literal(true).optional().describe(
      "The .onnx file gives the same bits in a pass over several tokens as in steps of one",
    ),
    sha256: sha256().describe("Of the .onnx file"),
    dataset: z.object({
      name: z.string().min(1).describe("File name of the list"),
      lines: count(),
      sha256: sha256().describe("Of the list's bytes"),
      split_seed: z.int().describe("Seed of the shuffle before the 80/10/10 split"),
    }),
    training: z.object({
      steps: count().describe("Optimizer steps; 0 for a model that was counted, not trained"),
      batch_size: count().describe("Examples a step; 0 for a model that was counted"),
      seed: z.int().nullable().describe("Of weights and mini-batches; null where nothing was drawn"),
      seconds: z.number().nonnegative(),
      optimizer: z.string().optional(),
      backend: z.string().optional().describe("What computed the steps"),
      workers: count().optional().describe("Threads that computed a step, if it was not one"),
      kernel: z.enum(["simd", "relaxed-simd"]).optional().describe(
        "WebAssembly of the backend fused: relaxed SIMD rounds once for a multiplication and an addition, so other last bits",
      ),
      learning_rate: z.number().positive().optional(),
      schedule: z.string().optional(),
      weight_decay: z.number().nonnegative().optional(),
      warmup: count().optional().describe("Steps in which the learning rate rose to that of the schedule"),
      clip: z.number().positive().optional().describe("Largest norm of all gradients together"),
      beta2: z.number().positive().optional().describe("Adam's second beta, if it was not 0.999"),
      dropout: z.number().positive().optional().describe("Share of elements that dropout set to zero"),
      average: z.number().positive().optional().describe("Decay a step of the average that the weights are"),
      best_step: count().optional().describe("The step whose weights were kept: the lowest dev NLL"),
      dev_sample: count().optional().describe(
        "Characters of the dev split that selected that step, evenly spaced; left out if it was the whole split",
      ),
      calibration_sample: count().optional().describe(
        "Characters of the train split over which the statistics of batch normalization were measured, evenly spaced; left out if it was the whole split, or nothing was measured",
      ),
      loss_history: z.array(z.object({
        step: count(),
        loss: z.number().describe("Mean training loss since the point before, in nats"),
        dev_nll: z.number().optional(),
      })).max(CARD_HISTORY_POINTS),
    }),
    nll: z.object({ train: nll(), dev: nll(), test: nll() }).describe(
      "Mean negative log-likelihood a character, in nats; null is infinite",
    ),
    known_names: z.object({
      names: count().describe("How many different things"),
      sha256: sha256().describe("Of the file that held them"),
    }).optional().describe(
      "The list's things as earlier versions stored them; the list is now found by its own name and SHA-256",
    ),
    nll_quantiles: z.array(nll()).length(CARD_QUANTILES).describe(
      "Of the NLL of each thing of the dev split, at 0%, 1% … 100%; null is infinite",
    ),
    pictures: picturesSchema().optional().describe(
      `What a page draws of the model, of at most ${MAX_PICTURED_TOKENS} tokens; older cards with more tokens have none`,
    ),
  }).refine(
    ({ context_length, states }) => (context_length === null) === (states !== undefined),
    { path: ["states"], message: "a model has states if its context_length is null, and else none" },
  ).refine(
    ({ states, exact_passes }) => !exact_passes || states?.every(({ shape }) => grows(shape)) === true,
    {
      path: ["exact_passes"],
      message: 'a model can have exact passes if each of its states has the axis "past"',
    },
  ).refine(
    ({ states = [] }) => states.reduce((sum, { shape }) => sum + positionSize(shape), 0) <= MAX_STATE_NUMBERS,
    { path: ["states"], message: `states have at most ${MAX_STATE_NUMBERS} numbers a position` },
  )
);

/** Whether a state has an axis that grows. */
function grows(shape: z.infer<ReturnType<typeof stateShape>>): boolean {
  return (shape as readonly unknown[]).includes("past");
}

/** The number of elements of a state at one position. */
function positionSize(shape: z.infer<ReturnType<typeof stateShape>>): number {
  return shape.reduce<number>((size, length) => (typeof length === "number" ? size * length : size), 1);
}

/** The card of a model; see {@link modelCardSchema}. */
export type ModelCard = z.infer<ReturnType<typeof modelCardSchema>>;

/**
 * Reads a card.
 *
 * @param text The JSON of `models/NAME.json`.
 * @throws {TypeError} If it is not JSON or not a card; the message lists all errors and their paths.
 */
export function parseModelCard(text: string): ModelCard {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`Cannot read a model card: it is not JSON (${(error as Error).message})`);
  }
  const result = modelCardSchema().safeParse(json);
  if (!result.success) {
    const issues = result.error.issues.map(({ path, message }) => `${path.join(".") || "card"}: ${message}`);
    throw new TypeError(`Cannot read a model card: ${issues.join("; ")}`);
  }
  try {
    new Vocabulary(result.data.vocabulary);
  } catch (error) {
    throw new TypeError(`Cannot read a model card: vocabulary: ${(error as Error).message}`);
  }
  return result.data;
}

/** A card's quantiles as numbers: a card writes infinity, which JSON does not have, as null. */
export function cardQuantiles(card: Pick<ModelCard, "nll_quantiles">): number[] {
  return card.nll_quantiles.map((quantile) => quantile ?? Infinity);
}

/**
 * Completes a card with the SHA-256 of its ONNX file.
 *
 * @throws {z.ZodError} If a field is invalid.
 */
export async function finishCard(
  card: Omit<ModelCard, "sha256">,
  onnx: Uint8Array<ArrayBuffer>,
): Promise<ModelCard> {
  return modelCardSchema().parse({ ...card, sha256: await sha256Of(onnx) });
}

/** The text of a card's file. */
export function cardText(card: ModelCard): string {
  return JSON.stringify(card, null, 1) + "\n";
}
