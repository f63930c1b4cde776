import { type RateLimit, readRateLimit } from "../middleware/rate_limit.ts";

/** Settings, from environment variables. */
export interface Settings {
  /** `EDGEMORE_MODELS`: the directory of the models (Deno). Default: `models/` beside the code. */
  models?: string;
  /** `EDGEMORE_MODEL_TIMEOUT`: how long a model may take to open before it counts as broken, in seconds. */
  modelTimeout: number;
  /**
   * `EDGEMORE_MODEL_REFRESH`: after how many seconds the server looks for new versions of its models again. The default depends on
   * the runtime.
   */
  modelRefresh?: number | "off";
  /** `EDGEMORE_MODEL_MEMORY`: the memory of all models together, in MB. The default depends on the runtime. */
  modelMemory?: number;
  /** `EDGEMORE_TOKEN`: requires this bearer token on every route except `/health`. */
  token?: string;
  /** `EDGEMORE_ORIGINS`: the origins whose pages may read responses. Default: all. */
  origins?: string[];
  /** `EDGEMORE_RATE_LIMIT`: how many requests a client may make. The default depends on the runtime. */
  rateLimit?: RateLimit | "off";
  /** `EDGEMORE_TRUST_PROXY`: whether to take the client's address from `X-Forwarded-For` (Deno). */
  trustProxy: boolean;
  /** `EDGEMORE_SERVER_TIMING`: whether to send `Server-Timing`. The default depends on the runtime. */
  serverTiming?: boolean;
  /** `EDGEMORE_BODY_TIMEOUT`: how long a request body may keep the server waiting, in seconds. Default: 30. */
  bodyTimeout?: number;
  /** `EDGEMORE_LOG`: whether to log a line for each request. The default depends on the runtime. */
  log?: boolean;
  /** `EDGEMORE_SHARE_PORT`: whether other processes may listen at the same address (Deno). */
  sharePort: boolean;
  /** `EDGEMORE_MAX_CONNECTIONS`: how many connections may be open at a time (Deno). */
  maxConnections: number;
  /** `EDGEMORE_MAX_CONNECTIONS_PER_CLIENT`: how many of them may be one client's (Deno). Default: see `listen.ts`. */
  maxConnectionsPerClient?: number;
  /** `EDGEMORE_HEADER_TIMEOUT`: seconds from accepting a connection to its first request (Deno). */
  headerTimeout: number;
  /** `EDGEMORE_IDLE_TIMEOUT`: seconds from a response to the next request on the connection (Deno). */
  idleTimeout: number;
  /** `EDGEMORE_SEND_TIMEOUT`: seconds for which a client may read nothing of a streamed response (Deno). */
  sendTimeout: number;
  /** `EDGEMORE_SHUTDOWN_TIMEOUT`: seconds that requests in progress have during shutdown (Deno). */
  shutdownTimeout: number;
}

/** The variables that {@link readSettings} reads. */
export type SettingName =
  | "EDGEMORE_MODELS"
  | "EDGEMORE_MODEL_TIMEOUT"
  | "EDGEMORE_MODEL_REFRESH"
  | "EDGEMORE_MODEL_MEMORY"
  | "EDGEMORE_TOKEN"
  | "EDGEMORE_ORIGINS"
  | "EDGEMORE_RATE_LIMIT"
  | "EDGEMORE_TRUST_PROXY"
  | "EDGEMORE_SERVER_TIMING"
  | "EDGEMORE_BODY_TIMEOUT"
  | "EDGEMORE_LOG"
  | "EDGEMORE_SHARE_PORT"
  | "EDGEMORE_MAX_CONNECTIONS"
  | "EDGEMORE_MAX_CONNECTIONS_PER_CLIENT"
  | "EDGEMORE_HEADER_TIMEOUT"
  | "EDGEMORE_IDLE_TIMEOUT"
  | "EDGEMORE_SEND_TIMEOUT"
  | "EDGEMORE_SHUTDOWN_TIMEOUT";

/** Values of settings whose variables are not set. */
const DEFAULTS = {
  /** A thousand times what the bundled models take, or a hundred times on a slow machine. */
  modelTimeout: 30,
  /**
   * The usual limit is 1,024 open files a process; the rest is for models, static files and the runtime. An idle connection
   * takes about 20 kB.
   */
  maxConnections: 900,
  /** A client on a slow link sends a header within two round trips. */
  headerTimeout: 10,
  /** Longer than proxies keep idle connections, mostly 60 s, so that none sends a request on one that is closing. */
  idleTimeout: 75,
  /** nginx's default send_timeout. */
  sendTimeout: 60,
  /** Container platforms kill a process at the earliest 10 s after SIGTERM. */
  shutdownTimeout: 5,
} as const;
/** Limits of the settings that are numbers of connections; no process can serve more. */
const CONNECTIONS = { minimum: 1, maximum: 1_000_000 } as const;

/** The syntax of a bearer token (RFC 6750, section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads the settings. An empty variable counts as not set.
 *
 * @param variable Returns the value of a variable, if it is set.
 * @throws {RangeError} If a value is not allowed. The message contains the variable and its value, but never the token.
 */
export function readSettings(variable: (name: SettingName) => string | undefined): Settings {
  const read = (name: SettingName) => variable(name) || undefined;
  const token = read("EDGEMORE_TOKEN");
  if (token !== undefined && !TOKEN.test(token)) {
    throw new RangeError(
      "EDGEMORE_TOKEN must be made of a-z, A-Z, 0-9 and . _ ~ + / -, with = only at the end",
    );
  }
  const rateLimit = read("EDGEMORE_RATE_LIMIT");
  const serverTiming = read("EDGEMORE_SERVER_TIMING");
  const log = read("EDGEMORE_LOG");
  const refresh = read("EDGEMORE_MODEL_REFRESH");
  return {
    models: read("EDGEMORE_MODELS"),
    modelTimeout: seconds("EDGEMORE_MODEL_TIMEOUT", read("EDGEMORE_MODEL_TIMEOUT")) ?? DEFAULTS.modelTimeout,
    modelRefresh: refresh === "off" ? refresh : seconds("EDGEMORE_MODEL_REFRESH", refresh),
    modelMemory: wholeNumber("EDGEMORE_MODEL_MEMORY", read("EDGEMORE_MODEL_MEMORY"), {
      default: undefined,
      minimum: 1,
      maximum: 1_000_000,
    }),
    token,
    origins: read("EDGEMORE_ORIGINS")?.split(",").map((origin) => readOrigin(origin.trim())),
    rateLimit: rateLimit === undefined || rateLimit === "off" ? rateLimit : readRateLimit(rateLimit),
    trustProxy: flag("EDGEMORE_TRUST_PROXY", read("EDGEMORE_TRUST_PROXY")),
    serverTiming: serverTiming === undefined ? undefined : flag("EDGEMORE_SERVER_TIMING", serverTiming),
    bodyTimeout: seconds("EDGEMORE_BODY_TIMEOUT", read("EDGEMORE_BODY_TIMEOUT")),
    log: log === undefined ? undefined : oneOf("EDGEMORE_LOG", log, ["requests", "off"]) === "requests",
    sharePort: flag("EDGEMORE_SHARE_PORT", read("EDGEMORE_SHARE_PORT")),
    maxConnections: wholeNumber("EDGEMORE_MAX_CONNECTIONS", read("EDGEMORE_MAX_CONNECTIONS"), {
      default: DEFAULTS.maxConnections,
      ...CONNECTIONS,
    }),
    maxConnectionsPerClient: wholeNumber(
      "EDGEMORE_MAX_CONNECTIONS_PER_CLIENT",
      read("EDGEMORE_MAX_CONNECTIONS_PER_CLIENT"),
      { default: undefined, ...CONNECTIONS },
    ),
    headerTimeout: seconds("EDGEMORE_HEADER_TIMEOUT", read("EDGEMORE_HEADER_TIMEOUT")) ??
      DEFAULTS.headerTimeout,
    idleTimeout: seconds("EDGEMORE_IDLE_TIMEOUT", read("EDGEMORE_IDLE_TIMEOUT")) ?? DEFAULTS.idleTimeout,
    sendTimeout: seconds("EDGEMORE_SEND_TIMEOUT", read("EDGEMORE_SEND_TIMEOUT")) ?? DEFAULTS.sendTimeout,
    shutdownTimeout: seconds("EDGEMORE_SHUTDOWN_TIMEOUT", read("EDGEMORE_SHUTDOWN_TIMEOUT")) ??
      DEFAULTS.shutdownTimeout,
  };
}

function readOrigin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new RangeError(
    `EDGEMORE_ORIGINS must be origins such as https://example.com, separated by commas, got ${
      JSON.stringify(text)
    }`,
  );
}

/** Reads seconds, from a hundredth to a day. */
function seconds(name: SettingName, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= 0.01 && value <= 86_400) return value;
  throw new RangeError(`${name} must be seconds from 0.01 to 86400, got ${JSON.stringify(text)}`);
}

function flag(name: SettingName, text = "false"): boolean {
  return oneOf(name, text, ["true", "false"]) === "true";
}

function oneOf<Word extends string>(name: SettingName, text: string, words: readonly Word[]): Word {
  const word = words.find((word) => word === text);
  if (word !== undefined) return word;
  const allowed = words.map((word) => JSON.stringify(word)).join(" or ");
  throw new RangeError(`${name} must be ${allowed}, got ${JSON.stringify(text)}`);
}

function wholeNumber<Default extends number | undefined>(
  name: SettingName,
  text: string | undefined,
  bounds: { default: Default; minimum: number; maximum: number },
): number | Default {
  if (text === undefined) return bounds.default;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= bounds.minimum && value <= bounds.maximum) return value;
  throw new RangeError(
    `${name} must be a whole number from ${bounds.minimum} to ${bounds.maximum}, got ${JSON.stringify(text)}`,
  );
}
