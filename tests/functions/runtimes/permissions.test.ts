import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readSettings } from "../../../functions/runtimes/settings.ts";

test("the server's permissions name the environment variables that it reads, and no others", async () => {
  const read = new Set<string>();
  readSettings((name) => {
    read.add(name);
    return undefined;
  });
  const source = await readFile("functions/runtimes/deno.ts", "utf8");
  for (const [, name] of source.matchAll(/Deno\.env\.get\("(\w+)"\)/g)) read.add(name);
  const { permissions, tasks } = JSON.parse(await readFile("deno.json", "utf8"));
  expect([...permissions.server.env].sort()).toEqual([...read].sort());
  for (const task of ["start", "dev"]) {
    expect(tasks[task].command).toContain(" -P=server ");
    expect(tasks[task].command).not.toContain("--allow-");
  }
});
