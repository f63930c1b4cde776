import { env } from "node:process";

/**
 * The URL at which the page will be served, from `EDGEMORE_PAGE_URL`, without a slash at its end: previews of links need
 * absolute URLs. "" if it is not set.
 *
 * @throws {Error} If it is no http(s) URL.
 */
export function pageUrl(): string {
  const given = env.EDGEMORE_PAGE_URL ?? "";
  if (given === "") return "";
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url.origin;
  throw new Error(
    `Cannot build the page: EDGEMORE_PAGE_URL must be an http(s) URL such as https://example.com, is ${
      JSON.stringify(given)
    }`,
  );
}
