import { spawnSync } from "node:child_process";

/** Concurrent connections of wrk, unless a benchmark asks for others. */
export const CONNECTIONS = 16;

/** Whether wrk is installed. */
export const hasWrk: boolean = !spawnSync("wrk", ["-v"]).error;

/** The results of a run of wrk. */
export interface Load {
  /** Requests per second. */
  requests: number;
  /** Responses in total. */
  answered: number;
  p50: string;
  p99: string;
}

/** A latency of a {@link Load} in milliseconds. */
export function milliseconds(latency: string): number {
  const [, number, unit] = /^([\d.]+)(us|ms|s)$/.exec(latency) ?? [];
  return Number(number) * { us: 1e-3, ms: 1, s: 1000 }[unit as "us" | "ms" | "s"];
}

/** Requests a URL over and over, for some seconds. */
export function load(
  url: string,
  seconds: number,
  headers: Record<string, string> = {},
  connections = CONNECTIONS,
): Load {
  const headerArgs = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, ...headerArgs, "--latency", url];
  const { stdout } = spawnSync("wrk", args, { encoding: "utf8" });
  const read = (pattern: RegExp) => pattern.exec(stdout)?.[1] ?? "?";
  if (/Non-2xx/.test(stdout)) throw new Error(`Cannot measure ${url}: it answers with errors\n${stdout}`);
  return {
    requests: Number(read(/Requests\/sec:\s+([\d.]+)/)),
    answered: Number(read(/(\d+) requests in/)),
    p50: read(/^\s+50%\s+(\S+)/m),
    p99: read(/^\s+99%\s+(\S+)/m),
  };
}
