/// <reference lib="dom" />
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

/** How long it says that it has copied, in milliseconds. */
const SAID = 2500;

/** Copies a text to the clipboard, and says whether that worked. */
export function CopyButton({ text, children }: { text: () => string; children: string }): VNode {
  const [said, say] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => say(""), SAID);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      say("Copied");
    } catch {
      say("This browser does not let the page copy");
    }
  };
  return (
    <span class="copy">
      <button type="button" class="quiet" onClick={copy}>{children}</button>
      <span role="status">{said}</span>
    </span>
  );
}
