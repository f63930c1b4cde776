import { z } from "zod";
import { modelName } from "./model_card.ts";
import { once } from "./once.ts";

/*
 * How models are kept in a bucket: each file under its own SHA-256, so that no upload changes what is served, and for each model a
 * small pointer to its versions, which is written last.
 */

/** Versions that a pointer keeps, to roll back to. */
export const MAX_VERSIONS = 10;
/** Largest pointer that is read, in bytes: {@link MAX_VERSIONS} take less than a tenth of it. */
export const MAX_POINTER_BYTES = 2 ** 14;

/** The prefix of all pointers. */
export const POINTERS = "models/";

const sha256 = once(() => z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 hexadecimal digits"));

const publishedVersionSchema = once(() =>
  z.strictObject({
    card: sha256().describe("Of the card's text"),
    onnx: sha256(),
    list: sha256().nullable().describe(
      "Of the list before it is compressed; null: the model comes without its list",
    ),
    published: z.iso.datetime(),
  })
);

/** The schema of `models/NAME.json` in a bucket. */
export const modelPointerSchema = once(() =>
  z.strictObject({
    current: sha256().describe("The card of the version that is served"),
    versions: z.array(publishedVersionSchema()).min(1).max(MAX_VERSIONS).describe("The newest first"),
  }).refine(
    ({ current, versions }) => versions.some(({ card }) => card === current),
    { path: ["current"], message: "it is none of the versions" },
  )
);

/** A version of a model in a bucket: the hashes of its files. */
export type PublishedVersion = z.infer<ReturnType<typeof publishedVersionSchema>>;

/** The content of `models/NAME.json` in a bucket. */
export type ModelPointer = z.infer<ReturnType<typeof modelPointerSchema>>;

/** The key of a model's pointer. */
export function pointerKey(name: string): string {
  return `${POINTERS}${name}.json`;
}

/** The name of the model that a key points to; null if it is the key of something else. */
export function pointedName(key: string): string | null {
  if (!key.startsWith(POINTERS) || !key.endsWith(".json")) return null;
  const name = key.slice(POINTERS.length, -".json".length);
  return modelName().safeParse(name).success ? name : null;
}

/** The keys of a version's files; no list has no key. */
export function fileKeys(
  { card, onnx, list }: PublishedVersion,
): { card: string; onnx: string; list: string | null } {
  return {
    card: `cards/${card}.json`,
    onnx: `onnx/${onnx}.onnx`,
    list: list === null ? null : `lists/${list}.txt.gz`,
  };
}

/**
 * Reads a pointer.
 *
 * @throws {TypeError} If it is not one; the message says why.
 */
export function parseModelPointer(text: string): ModelPointer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`Cannot read a model's pointer: it is not JSON (${(error as Error).message})`);
  }
  const result = modelPointerSchema().safeParse(json);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join(".") || "pointer"}: ${message}`);
  throw new TypeError(`Cannot read a model's pointer: ${issues.join("; ")}`);
}

/** The version that a pointer says is served. */
export function currentVersion({ current, versions }: ModelPointer): PublishedVersion {
  return versions.find(({ card }) => card === current)!;
}

/** A pointer to a new version, which keeps the newest of the others. */
export function withVersion(pointer: ModelPointer | null, version: PublishedVersion): ModelPointer {
  const others = (pointer?.versions ?? []).filter(({ card }) => card !== version.card);
  return { current: version.card, versions: [version, ...others].slice(0, MAX_VERSIONS) };
}

/**
 * A pointer to an earlier version.
 *
 * @param digits The first digits of its card's SHA-256. Default: the version that was published before the current one.
 * @throws {RangeError} If there is no such version, or more than one.
 */
export function rolledBack(pointer: ModelPointer, digits?: string): ModelPointer {
  const { current, versions } = pointer;
  if (digits === undefined) {
    const before = versions[versions.findIndex(({ card }) => card === current) + 1];
    if (before === undefined) throw new RangeError("there is no earlier version");
    return { current: before.card, versions };
  }
  const found = versions.filter(({ card }) => card.startsWith(digits.toLowerCase()));
  if (found.length === 1) return { current: found[0].card, versions };
  const known = versions.map(({ card }) => card.slice(0, 16)).join(", ");
  throw new RangeError(
    `${found.length === 0 ? "no" : "more than one"} version begins with ${digits}: there are ${known}`,
  );
}
