import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** An empty directory when the run of the tests begins, which is removed when it ends. */
    runDirectory: string;
  }
}

/** Gives all tests of a run a directory for what they share. */
export default function setUp({ provide }: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), "edgemore-tests-"));
  provide("runDirectory", directory);
  return () => rmSync(directory, { recursive: true, force: true });
}
