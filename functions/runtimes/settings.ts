import { type RateLimit, readRateLimit } from "../middleware/rate_limit.ts";

/** What a service's owner decides by environment variables. */
export interface Settings {
  /** `EDGEMORE_MODELS`: the directory of the models. Undefined: `models/` beside the code. */
  models?: string;
  /** `EDGEMORE_MODEL_TIMEOUT`: how long a model may take to open before it counts as broken, in seconds. */
  modelTimeout: number;
  /** `EDGEMORE_TOKEN`: requires this bearer token on every route except `/health`. */
  token?: string;
  /** `EDGEMORE_ORIGINS`: the web pages that may read answers. Undefined: all. */
  origins?: string[];
  /** `EDGEMORE_RATE_LIMIT`: how often a client may ask. Undefined: as the runtime has it. */
  rateLimit?: RateLimit | "off";
  /** `EDGEMORE_TRUST_PROXY`: whether `X-Forwarded-For` says who asks. */
  trustProxy: boolean;
  /** `EDGEMORE_SERVER_TIMING`: whether answers say how long they took. Undefined: as the runtime has it. */
  serverTiming?: boolean;
  /** `EDGEMORE_BODY_TIMEOUT`: how long a body may keep the server waiting, in seconds. Undefined: the default. */
  bodyTimeout?: number;
  /** `EDGEMORE_LOG`: whether a line is written for each request. */
  log: boolean;
  /** `EDGEMORE_MAX_CONNECTIONS`: connections that may be open at a time (Deno). */
  maxConnections: number;
  /** `EDGEMORE_MAX_CONNECTIONS_PER_CLIENT`: how many of them one client may have (Deno). Undefined: see README.md. */
  maxConnectionsPerClient?: number;
  /** `EDGEMORE_HEADER_TIMEOUT`: seconds from a connection to its first request (Deno). */
  headerTimeout: number;
  /** `EDGEMORE_IDLE_TIMEOUT`: seconds from an answer to the next request on a connection (Deno). */
  idleTimeout: number;
  /** `EDGEMORE_SEND_TIMEOUT`: seconds in which a client reads nothing of a streamed answer (Deno). */
  sendTimeout: number;
  /** `EDGEMORE_SHUTDOWN_TIMEOUT`: seconds in which answers under way are finished when the server ends (Deno). */
  shutdownTimeout: number;
}

/** The variables that {@link readSettings} reads. */
export type SettingName =
  | "EDGEMORE_MODELS"
  | "EDGEMORE_MODEL_TIMEOUT"
  | "EDGEMORE_TOKEN"
  | "EDGEMORE_ORIGINS"
  | "EDGEMORE_RATE_LIMIT"
  | "EDGEMORE_TRUST_PROXY"
  | "EDGEMORE_SERVER_TIMING"
  | "EDGEMORE_BODY_TIMEOUT"
  | "EDGEMORE_LOG"
  | "EDGEMORE_MAX_CONNECTIONS"
  | "EDGEMORE_MAX_CONNECTIONS_PER_CLIENT"
  | "EDGEMORE_HEADER_TIMEOUT"
  | "EDGEMORE_IDLE_TIMEOUT"
  | "EDGEMORE_SEND_TIMEOUT"
  | "EDGEMORE_SHUTDOWN_TIMEOUT";

/** What {@link readSettings} takes where a variable is not set. */
const DEFAULTS = {
  /** A thousand times what the models that come along take, on a slow machine a hundred. */
  modelTimeout: 30,
  /**
   * Many systems let a process have 1,024 files open; what is left is for models, the page's files and the runtime.
   * An idle connection takes some 20 kB.
   */
  maxConnections: 900,
  /** A client on a slow link sends a header within two round trips. */
  headerTimeout: 10,
  /** Longer than proxies keep unused connections, which is mostly 60 s: else one may send on what is just closing. */
  idleTimeout: 75,
  /** As nginx's send_timeout. */
  sendTimeout: 60,
  /** Container platforms kill a process 10 s or more after SIGTERM. */
  shutdownTimeout: 5,
} as const;
/** Numbers of connections that may be set; more than the greatest no process can serve. */
const CONNECTIONS = { minimum: 1, maximum: 1_000_000 } as const;

/** What RFC 6750 lets a bearer token be made of. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads the settings. A variable that is empty counts as one that is not set.
 *
 * @param variable The text of a variable, if it is set.
 * @throws {RangeError} If a variable has a value that is not allowed; the message names both, but never a token.
 */
export function readSettings(variable: (name: SettingName) => string | undefined): Settings {
  const read = (name: SettingName) => variable(name) || undefined;
  const token = read("EDGEMORE_TOKEN");
  if (token !== undefined && !TOKEN.test(token)) {
    throw new RangeError(
      "EDGEMORE_TOKEN must be made of a-z, A-Z, 0-9 and . _ ~ + / -, with = at its end only",
    );
  }
  const rateLimit = read("EDGEMORE_RATE_LIMIT");
  const serverTiming = read("EDGEMORE_SERVER_TIMING");
  return {
    models: read("EDGEMORE_MODELS"),
    modelTimeout: seconds("EDGEMORE_MODEL_TIMEOUT", read("EDGEMORE_MODEL_TIMEOUT")) ?? DEFAULTS.modelTimeout,
    token,
    origins: read("EDGEMORE_ORIGINS")?.split(",").map((origin) => readOrigin(origin.trim())),
    rateLimit: rateLimit === undefined || rateLimit === "off" ? rateLimit : readRateLimit(rateLimit),
    trustProxy: flag("EDGEMORE_TRUST_PROXY", read("EDGEMORE_TRUST_PROXY")),
    serverTiming: serverTiming === undefined ? undefined : flag("EDGEMORE_SERVER_TIMING", serverTiming),
    bodyTimeout: seconds("EDGEMORE_BODY_TIMEOUT", read("EDGEMORE_BODY_TIMEOUT")),
    log: oneOf("EDGEMORE_LOG", read("EDGEMORE_LOG") ?? "requests", ["requests", "off"]) === "requests",
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
    `EDGEMORE_ORIGINS must be origins such as https://example.com, with commas between them, got ${
      JSON.stringify(text)
    }`,
  );
}

/** Seconds, from a hundredth to a day. */
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
