import { spawn } from "node:child_process";
import process from "node:process";
import { onTestFinished } from "vitest";

/** How long a program may run before it is ended, and then how long it may take to end before it is killed, in milliseconds. */
const [MAX_RUN_TIME, MAX_END_TIME] = [300_000, 10_000];

/** The exit code and the output of a program. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A running program. */
export interface Program {
  /** The id of the program's process. */
  pid: number;
  /** Sends a signal, if the program is still running. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
  /** Resolves when the program has ended. */
  ended: Promise<Ended>;
  /** Waits until the output, on either stream, matches a pattern; rejects if the program ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts Deno with the given arguments. */
export function startDeno(args: string[], environment: Record<string, string> = {}): Program {
  return startProgram(process.execPath, args, environment);
}

/** Starts any program. */
export function startProgram(
  command: string,
  args: string[],
  environment: Record<string, string> = {},
): Program {
  const child = spawn(command, args, { env: { ...process.env, NO_COLOR: "1", ...environment } });
  // A Deno task passes SIGTERM on to the server that it runs, which SIGKILL would leave running.
  let watchdog = setTimeout(() => {
    process.kill(child.pid!, "SIGTERM");
    watchdog = setTimeout(() => child.kill("SIGKILL"), MAX_END_TIME);
  }, MAX_RUN_TIME);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  let running = true;
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      running = false;
      clearTimeout(watchdog);
      resolve({ code, stdout, stderr });
    });
  });
  return {
    pid: child.pid!,
    // After child.kill, Deno would report the signal in place of the program's exit code.
    signal: (name) => void (running && process.kill(child.pid!, name)),
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout) ?? pattern.exec(stderr);
          if (found) resolve(found);
        };
        child.stdout.on("data", look);
        child.stderr.on("data", look);
        look();
        ended.then(() => reject(new Error(`It ended before it printed ${pattern}:\n${stdout}\n${stderr}`)));
      }),
  };
}

/** Starts the trainer's command line with the permissions of its tasks; ends it when the test has finished. */
export function startTrainer(args: string[]): Program {
  const program = startDeno(["run", "--quiet", "-P=trainer", "--allow-write", "trainer/main.ts", ...args]);
  onTestFinished(() => program.signal("SIGTERM"));
  return program;
}

/** A running server. */
export interface Server {
  /** The id of the process that was started; the server may be one of its children. */
  pid: number;
  /** The server's address, as http://host:port. */
  address: string;
  /** As in {@link Program}. */
  printed: Program["printed"];
  /** Ends the server, and waits until it has ended. */
  end(): Promise<void>;
}

/**
 * Starts a Deno task that is a server.
 *
 * @param task The task's name and arguments.
 * @param ready Matches the server's output when it is ready; the first group is the address.
 */
export async function startServer(
  task: string[],
  ready: RegExp,
  environment: Record<string, string> = {},
): Promise<Server> {
  const program = startDeno(["task", ...task], environment);
  const end = async () => {
    program.signal("SIGTERM");
    await program.ended;
  };
  try {
    return { pid: program.pid, address: (await program.printed(ready))[1], printed: program.printed, end };
  } catch (error) {
    await end();
    throw error;
  }
}
