/// <reference lib="dom" />
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

/** How long the message stays, in milliseconds. */
const MESSAGE_TIME = 2500;

/** A button that copies a text to the clipboard and says whether that worked. */
export function CopyButton({ text, children }: { text: () => string; children: string }): VNode {
  const [message, setMessage] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setMessage(""), MESSAGE_TIME);
    return () => clearTimeout(timer);
  }, [message]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setMessage("Copied");
    } catch {
      setMessage("This browser does not allow copying");
    }
  };
  return (
    <span class="copy">
      <button type="button" onClick={copy}>{children}</button>
      <span role="status">{message}</span>
    </span>
  );
}
