import { describe, expect, test } from "vitest";
import { clientOf, parseAddress } from "../../../functions/middleware/network_address.ts";

describe("parseAddress", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    [" 192.0.2.1:51234 ", "192.0.2.1"],
    ['"192.0.2.1:51234"', "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:51234", "2001:db8::1"],
    ['"[2001:db8::1]:51234"', "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["[::ffff:c000:201]:80", "192.0.2.1"],
    ["::", "::"],
  ])("reads %s as %s", (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });

  test.each([
    "",
    "unknown",
    "_hidden",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.01",
    "0x7f.0.0.1",
    "192.0.2.1:",
    "192.0.2.1:123456",
    "192.0.2.1.",
    "192.0.2.1:80:80",
    "2001:db8::1::2",
    "[2001:db8::1",
    "[192.0.2.1]:80",
    "example.com",
    "1:2:3:4:5:6:7:8:9",
    "]/@evil[",
    `${" ".repeat(100)}192.0.2.1`,
    "[".repeat(1_000_000),
  ])("does not read %.20s", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

test("clientOf names clients: all addresses that one household or machine has", () => {
  expect(clientOf("192.0.2.1")).toBe("192.0.2.1");
  expect(clientOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(clientOf("2001:db8::1")).toBe(clientOf("2001:db8:0:0:ffff::9"));
  expect(clientOf("2001:db8:0:1::1")).toBe("2001:0db8:0000:0001");
  expect(clientOf("::1")).toBe("0000:0000:0000:0000");
  expect(clientOf("a:b")).toBe("a:b");
});
