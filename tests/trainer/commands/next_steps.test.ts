import { expect, test } from "vitest";
import { nextSteps } from "../../../trainer/commands/next_steps.ts";

const card = {
  name: "places",
  dataset: { name: "towns.txt", lines: 20, sha256: "0".repeat(64), split_seed: 42 },
};

test("the next steps are commands, with the address of the page", () => {
  expect(nextSteps(card, "models", "deno").split("\n")).toEqual([
    "Next:",
    "  print towns that it makes      deno task sample places",
    "  write a page with its charts   deno task report places",
    "  serve it                       deno task start",
    "  and open                       http://127.0.0.1:8000/?model=places",
  ]);
  expect(nextSteps({ ...card, noun: "cities" }, "models")).toContain("print cities that it makes");
});

test("they name the directory of the model, if it is another", () => {
  const inside = nextSteps(card, "build/my models", "deno");
  expect(inside).toContain(" deno task sample places --models 'build/my models'\n");
  expect(inside).toContain(" EDGEMORE_MODELS='build/my models' deno task start\n");
  expect(nextSteps(card, "/srv/models", "deno")).toContain(
    " deno task build:site && EDGEMORE_MODELS=/srv/models deno run --quiet -P=server --allow-read=.,/srv/models functions/runtimes/deno.ts\n",
  );
  expect(nextSteps(card, "../it's")).toContain("--allow-read=.,'../it'\\''s' ");
});
