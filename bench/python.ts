import { spawnSync } from "node:child_process";

/** Debian's python3-torch belongs to /usr/bin/python3, which is not always the first Python in the path. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const python = findPython("torch");

/** Whether this machine has a Python with PyTorch. */
export const hasPyTorch = python !== undefined;

/** The path of a Python that has all of some modules; undefined if this machine has none. */
export function findPython(...modules: string[]): string | undefined {
  const script = `import ${modules.join(", ")}`;
  return PYTHONS.find((path) => spawnSync(path, ["-c", script]).status === 0);
}

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

/** Python's lines that import torch with so many threads, an expression: OpenBLAS does not heed PyTorch's own setting. */
export function importTorch(threads: number | string): string {
  return `import os
os.environ["OPENBLAS_NUM_THREADS"] = str(${threads})
import torch
torch.set_num_threads(${threads})`;
}

/**
 * The BLAS that PyTorch uses, as file names. PyTorch's products are as fast as it: Debian's package takes the system's, which is
 * the slow reference one unless libopenblas0 is installed.
 */
export function blasOfPyTorch(): string {
  const script = `
import os, torch
torch.ones(64, 64) @ torch.ones(64, 64)
maps = {os.path.realpath(line.split()[-1]) for line in open("/proc/self/maps") if "blas" in line}
names = sorted("/".join(path.split("/")[-2:]) for path in maps if "blas" in os.path.basename(path))
print(", ".join(names) or "BLAS unknown")`;
  return readFromPython(script);
}
