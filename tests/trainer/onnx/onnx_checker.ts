import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { temporaryDirectory } from "../../temporary_directory.ts";

/** Debian's Python is where python3-onnx goes; another one may come first in the path. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const python = PYTHONS.find((path) => spawnSync(path, ["-c", "import onnx"]).status === 0);

/** Whether this machine has a Python with ONNX's reference implementation. Without one, it prints a warning. */
export const HAS_ONNX_CHECKER = python !== undefined;
if (!HAS_ONNX_CHECKER) console.warn("SKIPPED: onnx.checker. Install python3-onnx to run it.");

const CHECK = "import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)";

/** Expects that ONNX's checker, with inference of all shapes, accepts a file. */
export function expectValidFile(path: string): void {
  const { status, stderr } = spawnSync(python!, ["-c", CHECK, path], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
}

/** The same for the bytes of a file. Without a checker, expects nothing. */
export async function expectValidOnnx(bytes: Uint8Array): Promise<void> {
  if (!HAS_ONNX_CHECKER) return;
  const path = join(await temporaryDirectory(), "a.onnx");
  await writeFile(path, bytes);
  expectValidFile(path);
}
