/// <reference lib="dom" />
import { useEffect } from "preact/hooks";

/** Calls a function when the connection is back, as long as something has failed. */
export function useOnline(failed: boolean, retry: () => void): void {
  useEffect(() => {
    if (!failed) return;
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  }, [failed]);
}
