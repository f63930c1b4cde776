import { spawnSync } from "node:child_process";

/** Debian's python3-torch belongs to /usr/bin/python3, which is not always the first Python in the path. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const python = PYTHONS.find((path) => spawnSync(path, ["-c", "import torch"]).status === 0);

/** Whether this machine has a Python with PyTorch. */
export const hasPyTorch = python !== undefined;

/**
 * Runs a Python script that uses PyTorch.
 *
 * @returns The last line that the script prints.
 * @throws {Error} If the script fails.
 */
export function readFromPython(script: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(python!, ["-c", script, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot measure in PyTorch: ${stderr}`);
  return stdout.trim().split("\n").at(-1)!;
}

/** As {@link readFromPython}, for a number. */
export function measureInPython(script: string, ...args: string[]): number {
  return Number(readFromPython(script, ...args));
}
