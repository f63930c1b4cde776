/*
 * Writes the API documentation page into build/page, which every runtime serves: docs.html, its script and style, and the
 * files of Swagger UI in a directory named after their version.
 */
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { pageUrl } from "./page_url.ts";
import { writeBuilt } from "./write_built.ts";
import { SWAGGER_UI } from "../functions/runtimes/static_file_headers.ts";

const SOURCE = new URL("./docs/", import.meta.url);
const PAGE = new URL("../build/page/", import.meta.url);

const require = createRequire(import.meta.url);
const { version } = require("swagger-ui-dist/package.json") as { version: string };
if (SWAGGER_UI !== `swagger-ui-${version}`) {
  throw new Error(
    `Cannot build /docs: static_file_headers.ts names ${SWAGGER_UI}, and ${version} is installed`,
  );
}

/** Writes a file, and a Brotli-compressed copy of it. */
function write(path: string, bytes: Uint8Array): void {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  writeBuilt(fileURLToPath(new URL(path, PAGE)), bytes);
  writeBuilt(fileURLToPath(new URL(`${path}.br`, PAGE)), brotliCompressSync(bytes, { params }));
}

mkdirSync(new URL(`docs/${SWAGGER_UI}/`, PAGE), { recursive: true });
const html = readFileSync(new URL("docs.html", SOURCE), "utf8")
  .replaceAll("swagger-ui/", `/docs/${SWAGGER_UI}/`)
  .replaceAll("PAGE_URL", pageUrl());
const style = ["../page/colors.css", "../page/frame.css", "docs/docs.css"].map((file) =>
  readFileSync(new URL(file, import.meta.url), "utf8")
).join("\n");
write("docs.html", new TextEncoder().encode(html));
write("docs/docs.css", new TextEncoder().encode(style));
write("docs/start.js", readFileSync(new URL("start.js", SOURCE)));
for (const file of ["swagger-ui-bundle.js", "swagger-ui.css"]) {
  write(`docs/${SWAGGER_UI}/${file}`, readFileSync(require.resolve(`swagger-ui-dist/${file}`)));
}
console.log(`build/page/docs.html: Swagger UI ${version}`);
