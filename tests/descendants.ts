import { readdirSync, readFileSync } from "node:fs";

/** The ids of a process and of all that it started, directly or not, from Linux's /proc. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const process of readdirSync("/proc").map(Number).filter((id) => id > 0)) {
    const parent = Number(statOf(process)?.[1]);
    children.set(parent, [...children.get(parent) ?? [], process]);
  }
  const found = [pid];
  for (const process of found) found.push(...children.get(process) ?? []);
  return found;
}

/** What /proc tells of a process after its name: state, parent and so on; null if it has ended. */
function statOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** Ticks of a second in which Linux counts CPU time. */
const TICKS = 100;

/** The CPU time that processes have taken, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.flatMap((pid) => statOf(pid)?.slice(11, 13).map(Number) ?? []);
  return ticks.reduce((sum, some) => sum + some, 0) / TICKS;
}
