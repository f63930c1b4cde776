import { describe, expect, test } from "vitest";
import { type Answer, type Walk, walkDocument } from "../../../scripts/walk/document.ts";

const MADE = ["cahue", "quovet", "manples"];

/** The answer of a server to the walk's request. */
function answer(task: string, names = MADE, nll = 2): Answer {
  return {
    command: `deno task ${task}`,
    printed: "ready",
    curl: "curl '127.0.0.1:8000/generate'",
    answer: { model: "my-towns", seed: 42, names: names.map((name) => ({ name, nll, perplexity: 7.4 })) },
  };
}

const walk: Walk = {
  list: { file: "towns.txt", every: 65, lines: 500 },
  query: "n=3&seed=42",
  status: "500 lines",
  ending: "my-towns is ready.",
  made: MADE,
  archive: "my-towns.edgemore.zip",
  kilobytes: 102,
  taken: { command: "deno task train --from my-towns.edgemore.zip", printed: "written" },
  deno: answer("start"),
  workerd: answer("worker"),
  times: [{ step: "Paste", seconds: 0.5 }, { step: "Start Deno", seconds: 2.25 }, {
    step: "Start workerd",
    seconds: 4,
  }],
  cores: 2,
};

describe("walkDocument", () => {
  test("has what all three made side by side, and sums the times up to the first answer", () => {
    const text = walkDocument(walk);
    expect(text).toContain("| 1 | cahue | cahue | cahue |\n| 2 | quovet | quovet | quovet |");
    expect(text).toContain("| Start Deno | 2.3 | 2.8 |\n| Start workerd | 4.0 | 6.8 |");
    expect(text).toContain("first answer at the edge came 2.8 seconds after the paste");
  });

  test("shows the beginning of an answer", () => {
    expect(walkDocument(walk)).toContain(
      `    { "name": "quovet", "nll": 2, "perplexity": 7.4 },\n    …\n  ]`,
    );
  });

  test.each([
    ["the page", { made: ["cahue", "quovet"] }],
    ["the page, in their order", { made: MADE.toReversed() }],
    ["Deno", { deno: answer("start", ["cahue", "quovet", "manple"]) }],
    ["workerd", { workerd: answer("worker", ["cahue"]) }],
    ["workerd, in the last digit", { workerd: answer("worker", MADE, 2.0000000000000004) }],
  ])("is not written if things differ on %s", (_where, change) => {
    expect(() => walkDocument({ ...walk, ...change })).toThrow(
      "Page, Deno and workerd do not make the same: ",
    );
  });
});
