import { spawnSync } from "node:child_process";

/** Debian's Python is where python3-torch goes; another one may come first in the path. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const python = PYTHONS.find((path) => spawnSync(path, ["-c", "import torch"]).status === 0);

/** Whether there is a Python with PyTorch, to measure against. */
export const hasPyTorch = python !== undefined;

/**
 * Runs a script in PyTorch.
 *
 * @returns The number that it prints.
 * @throws {Error} If it fails.
 */
export function measureInPython(script: string, ...args: string[]): number {
  const { stdout, stderr, status } = spawnSync(python!, ["-c", script, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot measure in PyTorch: ${stderr}`);
  return Number(stdout.trim().split("\n").at(-1));
}
