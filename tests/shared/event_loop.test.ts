import { afterEach, expect, test, vi } from "vitest";
import { takeTurn } from "../../shared/event_loop.ts";

afterEach(() => void vi.unstubAllGlobals());

/** Counts the turns of the event loop until `stop` is called. */
function countTurns(): { turns: () => number; stop: () => void } {
  let [turns, going] = [0, true];
  const next = () => {
    turns++;
    if (going) setTimeout(next, 0);
  };
  setTimeout(next, 0);
  return { turns: () => turns, stop: () => void (going = false) };
}

test("takeTurn resumes one caller in each turn of the event loop, the longest waiting first", async () => {
  const counter = countTurns();
  const order: string[] = [];
  await Promise.all(["a", "b", "c", "d"].map(async (name) => {
    for (let i = 0; i < 5; i++) {
      await takeTurn();
      order.push(name);
    }
  }));
  counter.stop();
  expect(order.join("")).toBe("abcdabcdabcdabcdabcd");
  expect(counter.turns()).toBeGreaterThanOrEqual(order.length - 1);
});

test("takeTurn resumes the others if the callback of one caller never runs", async () => {
  const order: string[] = [];
  const work = async (name: string) => {
    for (let i = 0; i < 3; i++) {
      await takeTurn();
      order.push(name);
    }
  };
  const working = Promise.all(["a", "b"].map(work));
  // The callback of a request is lost if its client disconnects on workerd.
  const later = setTimeout;
  vi.stubGlobal("setTimeout", () => 0);
  void work("lost");
  vi.stubGlobal("setTimeout", later);
  await working;
  expect(order.join("")).toBe("ababab");
});
