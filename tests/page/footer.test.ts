import { parseHTML } from "linkedom";
import { h, render } from "preact";
import { expect, onTestFinished, test, vi } from "vitest";
import { Footer } from "../../page/footer.tsx";

/** The links of the footer, by their text. build_page.ts defines the address of the source. */
function links(source: string): Record<string, string> {
  const { document, window } = parseHTML("<!doctype html><html><body></body></html>");
  vi.stubGlobal("document", document);
  vi.stubGlobal("window", window);
  vi.stubGlobal("SOURCE_URL", source);
  onTestFinished(() => void vi.unstubAllGlobals());
  render(h(Footer, null), document.body);
  return Object.fromEntries(
    Array.from(document.querySelectorAll("a"), (link) => [link.textContent, link.getAttribute("href")!]),
  );
}

test("the footer links to the source where package.json has its address, and else to the README only", () => {
  const source = "https://git.example.org/edgemore";
  expect(links(source)).toMatchObject({ "the README": "/readme.txt", "the source": source });
  expect(links("")).toMatchObject({ "the README": "/readme.txt" });
  expect(Object.keys(links(""))).not.toContain("the source");
});
