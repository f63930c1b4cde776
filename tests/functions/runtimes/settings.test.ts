import { describe, expect, test } from "vitest";
import { readSettings, type SettingName } from "../../../functions/runtimes/settings.ts";

const read = (variables: { [Name in SettingName]?: string }) => readSettings((name) => variables[name]);

const CONNECTIONS = {
  maxConnections: 900,
  maxConnectionsPerClient: undefined,
  headerTimeout: 10,
  idleTimeout: 75,
  sendTimeout: 60,
  shutdownTimeout: 5,
  sharePort: false,
};

describe("readSettings", () => {
  test("leaves everything open where nothing is set", () => {
    const open = {
      models: undefined,
      modelTimeout: 30,
      token: undefined,
      origins: undefined,
      rateLimit: undefined,
      trustProxy: false,
      serverTiming: undefined,
      log: undefined,
      ...CONNECTIONS,
    };
    expect(read({})).toEqual(open);
    expect(read({ EDGEMORE_TOKEN: "", EDGEMORE_ORIGINS: "", EDGEMORE_RATE_LIMIT: "" })).toEqual(open);
  });

  test("reads each variable", () => {
    expect(read({
      EDGEMORE_MODELS: "/srv/models",
      EDGEMORE_MODEL_TIMEOUT: "5",
      EDGEMORE_TOKEN: "abc=",
      EDGEMORE_ORIGINS: "https://example.com, http://localhost:3000",
      EDGEMORE_RATE_LIMIT: "600/60s",
      EDGEMORE_TRUST_PROXY: "true",
      EDGEMORE_SERVER_TIMING: "true",
      EDGEMORE_LOG: "off",
      EDGEMORE_SHARE_PORT: "true",
      EDGEMORE_MAX_CONNECTIONS: "5000",
      EDGEMORE_MAX_CONNECTIONS_PER_CLIENT: "50",
      EDGEMORE_HEADER_TIMEOUT: "1",
      EDGEMORE_IDLE_TIMEOUT: "2",
      EDGEMORE_SEND_TIMEOUT: "3",
      EDGEMORE_SHUTDOWN_TIMEOUT: "3600",
    })).toEqual({
      models: "/srv/models",
      modelTimeout: 5,
      token: "abc=",
      origins: ["https://example.com", "http://localhost:3000"],
      rateLimit: { requests: 600, seconds: 60 },
      trustProxy: true,
      serverTiming: true,
      log: false,
      sharePort: true,
      maxConnections: 5000,
      maxConnectionsPerClient: 50,
      headerTimeout: 1,
      idleTimeout: 2,
      sendTimeout: 3,
      shutdownTimeout: 3600,
    });
    expect(read({ EDGEMORE_RATE_LIMIT: "off" }).rateLimit).toBe("off");
    const strict = { requests: 1000, seconds: 60, strict: true };
    expect(read({ EDGEMORE_RATE_LIMIT: "strict" }).rateLimit).toEqual(strict);
    expect(read({ EDGEMORE_RATE_LIMIT: "strict:9/10s" }).rateLimit).toEqual({
      ...strict,
      requests: 9,
      seconds: 10,
    });
    expect(read({ EDGEMORE_MODEL_REFRESH: "off" }).modelRefresh).toBe("off");
    expect(read({ EDGEMORE_MODEL_REFRESH: "2.5", EDGEMORE_MODEL_MEMORY: "40" })).toMatchObject({
      modelRefresh: 2.5,
      modelMemory: 40,
    });
  });

  test.each([
    [{ EDGEMORE_MODEL_TIMEOUT: "0" }, 'EDGEMORE_MODEL_TIMEOUT must be seconds from 0.01 to 86400, got "0"'],
    [{ EDGEMORE_MODEL_TIMEOUT: "1e9" }, "EDGEMORE_MODEL_TIMEOUT must be seconds from 0.01 to 86400"],
    [{ EDGEMORE_ORIGINS: "example.com" }, "EDGEMORE_ORIGINS must be origins such as https://example.com"],
    [{ EDGEMORE_ORIGINS: "https://example.com/" }, 'got "https://example.com/"'],
    [{ EDGEMORE_RATE_LIMIT: "600" }, 'EDGEMORE_RATE_LIMIT must be "off", or requests and seconds'],
    [{ EDGEMORE_RATE_LIMIT: "0/60s" }, 'got "0/60s"'],
    [{ EDGEMORE_RATE_LIMIT: "strict:" }, 'got "strict:"'],
    [{ EDGEMORE_MODEL_REFRESH: "0" }, "EDGEMORE_MODEL_REFRESH must be seconds from 0.01 to 86400"],
    [{ EDGEMORE_MODEL_MEMORY: "0" }, "EDGEMORE_MODEL_MEMORY must be a whole number from 1 to 1000000"],
    [{ EDGEMORE_TRUST_PROXY: "yes" }, 'EDGEMORE_TRUST_PROXY must be "true" or "false", got "yes"'],
    [{ EDGEMORE_LOG: "debug" }, 'EDGEMORE_LOG must be "requests" or "off", got "debug"'],
    [{ EDGEMORE_MAX_CONNECTIONS: "0" }, "EDGEMORE_MAX_CONNECTIONS must be a whole number from 1 to 1000000"],
    [{ EDGEMORE_MAX_CONNECTIONS_PER_CLIENT: "1000001" }, 'from 1 to 1000000, got "1000001"'],
    [
      { EDGEMORE_HEADER_TIMEOUT: "0" },
      "EDGEMORE_HEADER_TIMEOUT must be seconds from 0.01 to 86400, got",
    ],
    [{ EDGEMORE_IDLE_TIMEOUT: "86401" }, 'got "86401"'],
    [{ EDGEMORE_SEND_TIMEOUT: "10s" }, 'got "10s"'],
    [{ EDGEMORE_SHUTDOWN_TIMEOUT: "-1" }, 'got "-1"'],
  ])("refuses %o", (variables, message) => {
    expect(() => read(variables)).toThrow(RangeError);
    expect(() => read(variables)).toThrow(message);
  });

  test("refuses a token that no header can bear, and does not print it", () => {
    expect(() => read({ EDGEMORE_TOKEN: "two words" })).toThrow(/^(?!.*two words).*EDGEMORE_TOKEN must be/);
  });
});
