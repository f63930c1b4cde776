/** `repository` in a package.json: an address, npm's short form of one, or an object with either. */
export type Repository = string | { url: string };

/**
 * The address at which a browser shows the source.
 *
 * @param repository `repository` in package.json. The short form is `owner/name` or `github:owner/name`, as npm has it.
 * @returns "" where there is none, and where it is no address that a browser opens.
 */
export function sourceUrl(repository: Repository | undefined): string {
  const given = typeof repository === "object" ? repository.url : repository ?? "";
  const [, short] = given.match(/^(?:github:)?([\w.-]+\/[\w.-]+)$/) ?? [];
  const url = short ? `https://github.com/${short}` : given.replace(/^git\+/, "").replace(/\.git$/, "");
  return /^https?:\/\//.test(url) ? url : "";
}
