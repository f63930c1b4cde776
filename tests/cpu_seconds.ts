import { spawnSync } from "node:child_process";

/** Seconds that a process and all that it started have computed for. Linux tells whole ones. */
export function cpuSeconds(pid: number): number {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,time="], { encoding: "utf8" });
  const processes = stdout.trim().split("\n").map((line) => line.trim().split(/\s+/));
  const family = new Set([pid]);
  for (const id of family) { // a set's own loop visits what is added on the way
    for (const [child, parent] of processes) if (Number(parent) === id) family.add(Number(child));
  }
  return processes.filter(([id]) => family.has(Number(id))).reduce(
    (sum, [, , time]) => sum + seconds(time),
    0,
  );
}

/** Seconds of [[days-]hours:]minutes:seconds. */
function seconds(time: string): number {
  const [days, clock] = time.includes("-") ? time.split("-") : ["0", time];
  return clock.split(":").reduce((sum, part) => 60 * sum + Number(part), 0) + 86_400 * Number(days);
}
