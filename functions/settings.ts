import { type RateLimit, readRateLimit } from "./manners/rate_limit.ts";

/** What a service's owner decides by environment variables. */
export interface Settings {
  /** `EDGEMORE_TOKEN`: closes everything but `/health` to who does not bear it. */
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
}

/** The variables that {@link readSettings} reads. */
export type SettingName =
  | "EDGEMORE_TOKEN"
  | "EDGEMORE_ORIGINS"
  | "EDGEMORE_RATE_LIMIT"
  | "EDGEMORE_TRUST_PROXY"
  | "EDGEMORE_SERVER_TIMING"
  | "EDGEMORE_BODY_TIMEOUT"
  | "EDGEMORE_LOG";

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
    token,
    origins: read("EDGEMORE_ORIGINS")?.split(",").map((origin) => readOrigin(origin.trim())),
    rateLimit: rateLimit === undefined || rateLimit === "off" ? rateLimit : readRateLimit(rateLimit),
    trustProxy: flag("EDGEMORE_TRUST_PROXY", read("EDGEMORE_TRUST_PROXY")),
    serverTiming: serverTiming === undefined ? undefined : flag("EDGEMORE_SERVER_TIMING", serverTiming),
    bodyTimeout: seconds("EDGEMORE_BODY_TIMEOUT", read("EDGEMORE_BODY_TIMEOUT")),
    log: oneOf("EDGEMORE_LOG", read("EDGEMORE_LOG") ?? "requests", ["requests", "off"]) === "requests",
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
