import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { temporaryDirectory } from "../temporary_directory.ts";

/** Imports the module as on Node, which has no locks of the operating system, or as on Deno. */
async function importLock(
  runtime: "Deno" | "Node",
): Promise<typeof import("../../trainer/directory_lock.ts")> {
  vi.resetModules();
  if (runtime === "Node") vi.stubGlobal("Deno", undefined);
  try {
    return await import("../../trainer/directory_lock.ts");
  } finally {
    vi.unstubAllGlobals();
  }
}

test.each(["Deno", "Node"] as const)("on %s, a change begins when the last one is made", async (runtime) => {
  const { withDirectoryLock } = await importLock(runtime);
  const directory = await temporaryDirectory();
  const seen: string[] = [];
  const change = (name: string) =>
    withDirectoryLock(directory, async () => {
      seen.push(`${name} begins`);
      await pause(5);
      seen.push(`${name} ends`);
      if (name === "second") throw new Error("it failed");
      return name;
    });
  const results = await Promise.allSettled(["first", "second", "third"].map(change));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["first", "second", "third"].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test("changes of other directories do not wait", async () => {
  const { withDirectoryLock } = await importLock("Node");
  const [one, other] = [await temporaryDirectory(), await temporaryDirectory()];
  const result = await withDirectoryLock(one, () => withDirectoryLock(other, () => Promise.resolve("made")));
  expect(result).toBe("made");
});
