import { describe, expect, test } from "vitest";
import {
  currentVersion,
  MAX_POINTER_BYTES,
  MAX_VERSIONS,
  type ModelPointer,
  parseModelPointer,
  pointedName,
  pointerKey,
  type PublishedVersion,
  rolledBack,
  withVersion,
} from "../../shared/published_model.ts";

/** A version whose hashes all begin with the same digit. */
function version(digit: string): PublishedVersion {
  const hash = digit.repeat(64);
  return { card: hash, onnx: hash, list: null, published: "2026-11-26T08:00:00.000Z" };
}

/** A pointer to versions that were published in this order. */
const published = (...digits: string[]): ModelPointer =>
  digits.map(version).reduce<ModelPointer | null>((pointer, next) => withVersion(pointer, next), null)!;

const served = (pointer: ModelPointer) => currentVersion(pointer).card[0];

describe("a pointer", () => {
  test("leads to the version that was published last, and keeps those before it", () => {
    const pointer = published("a", "b", "c");
    expect(served(pointer)).toBe("c");
    expect(pointer.versions.map(({ card }) => card[0])).toEqual(["c", "b", "a"]);
    expect(parseModelPointer(JSON.stringify(pointer))).toEqual(pointer);
  });

  test("has each version once, and a bounded number of them", () => {
    const pointer = published(..."0123456789abcdef", "8");
    expect(served(pointer)).toBe("8");
    expect(pointer.versions.map(({ card }) => card[0]).join("")).toBe("8fedcba976");
    expect(pointer.versions).toHaveLength(MAX_VERSIONS);
    expect(JSON.stringify(pointer).length).toBeLessThan(MAX_POINTER_BYTES / 2);
  });

  test("goes back version by version", () => {
    const once = rolledBack(published("a", "b", "c"));
    expect(served(once)).toBe("b");
    expect(served(rolledBack(once))).toBe("a");
    expect(() => rolledBack(rolledBack(once))).toThrow("there is no earlier version");
    expect(served(rolledBack(once, "CCCC"))).toBe("c");
  });

  test("says which versions there are", () => {
    const pointer = published("a", "b");
    expect(() => rolledBack(pointer, "c")).toThrow(
      "no version begins with c: there are bbbbbbbbbbbbbbbb, aaaaaaaaaaaaaaaa",
    );
    expect(() => rolledBack(pointer, "")).toThrow("more than one version begins with");
  });

  const valid = published("a");
  test.each([
    ["{", "it is not JSON"],
    ["[]", "pointer: Invalid input"],
    [JSON.stringify({ ...valid, current: "b".repeat(64) }), "current: it is none of the versions"],
    [JSON.stringify({ ...valid, current: "../../x" }), "current: a SHA-256 is 64 hexadecimal digits"],
    [JSON.stringify({ ...valid, versions: [] }), "versions: "],
    [JSON.stringify({ ...valid, versions: Array(MAX_VERSIONS + 1).fill(version("a")) }), "versions: Too big"],
    [JSON.stringify({ ...valid, more: 1 }), "Unrecognized key"],
    [JSON.stringify({ ...valid, versions: [{ ...version("a"), onnx: "/etc/passwd" }] }), "versions.0.onnx: "],
  ])("is not %s", (text, reason) => {
    expect(() => parseModelPointer(text)).toThrow(reason);
  });
});

test.each([
  ["models/gru.json", "gru"],
  ["models/a-b_c9.json", "a-b_c9"],
  ["models/.json", null],
  ["models/../cards/x.json", null],
  ["models/a/b.json", null],
  ["models/A.json", null],
  ["models/gru.json.bak", null],
  ["cards/gru.json", null],
])("the key %s is that of the model %s", (key, name) => {
  expect(pointedName(key)).toBe(name);
  if (name !== null) expect(pointerKey(name)).toBe(key);
});
