import process from "node:process";
import { afterEach, expect, test, vi } from "vitest";
import { stoppable } from "../../../trainer/commands/interrupts.ts";

afterEach(() => void vi.restoreAllMocks());

test("the first Ctrl-C stops, its repetitions by npx and deno task do nothing, and a later one ends the process", async () => {
  const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  await stoppable((signal) => {
    expect(signal.aborted).toBe(false);
    process.emit("SIGINT");
    process.emit("SIGINT");
    expect(signal.aborted).toBe(true);
    expect(exit).not.toHaveBeenCalled();
    now.mockReturnValue(5000);
    process.emit("SIGINT");
    expect(exit).toHaveBeenCalledExactlyOnceWith(130);
    return Promise.resolve();
  });
  expect(process.listenerCount("SIGINT")).toBe(0);
});
