import type { VNode } from "preact";

/** Where the project's source is, from package.json; build_page.ts defines it. "" if it is not published. */
declare const SOURCE_URL: string;

/** What is behind the page. */
export function Footer(): VNode {
  return (
    <footer>
      <p>
        All of this is a plain HTTP API: <a href="/docs">try it</a>, or read{" "}
        <a href="/openapi.json">its OpenAPI document</a> and{" "}
        <a href="/models">the models’ cards</a>. The models are those of Andrej Karpathy’s makemore, after
        Bengio et al. 2003. How to train them on a list of your own, and to serve them, is in{" "}
        <a href="/readme.txt">the README</a>
        {SOURCE_URL && (
          <>
            {" "}and in <a href={SOURCE_URL}>the source</a>
          </>
        )}.
      </p>
    </footer>
  );
}
