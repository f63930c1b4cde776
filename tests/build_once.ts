import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { startDeno } from "./processes.ts";

/** Runs a task that builds, unless another test of the same run has run it. */
export async function buildOnce(task: "build:site" | "build:worker"): Promise<void> {
  const marker = join(inject("runDirectory"), task.replace(":", "-"));
  if (existsSync(marker)) return;
  const { code, stderr } = await startDeno(["task", task]).ended;
  if (code !== 0) throw new Error(`Cannot run ${task}: ${stderr}`);
  writeFileSync(marker, "");
}
