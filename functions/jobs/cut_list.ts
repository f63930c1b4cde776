import { LINE_FEED } from "../../shared/whole_lines.ts";
import type { Chunk, Cut, CutStep } from "./job.ts";

/** How large a chunk may be. It ends with the line that reaches one of these. */
export interface ChunkSize {
  bytes: number;
  lines: number;
}

/** Where cutting a list begins. */
export const FIRST_CUT: Cut = {
  step: 0,
  read: 0,
  open: { index: 0, start: 0, end: 0, firstLine: 1, lines: 0 },
};

/**
 * Cuts a part of a list at line ends. The same part gives the same chunks.
 *
 * @param cut How far the list has been cut.
 * @param part The bytes from there on.
 * @param size How many bytes the list has.
 */
export async function cutList(
  cut: Cut,
  part: AsyncIterable<Uint8Array>,
  size: number,
  limit: ChunkSize,
): Promise<CutStep> {
  const chunks: Chunk[] = [];
  let open = { ...cut.open };
  let read = cut.read;
  const close = () => {
    chunks.push(open);
    const { index, end, firstLine, lines } = open;
    open = { index: index + 1, start: end, end, firstLine: firstLine + lines, lines: 0 };
  };
  for await (const bytes of part) {
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) {
      open.end = read + at + 1;
      open.lines++;
      if (open.lines >= limit.lines || open.end - open.start >= limit.bytes) close();
    }
    read += bytes.length;
  }
  if (read < size) return { chunks, next: { step: cut.step + 1, read, open } };
  if (open.end < size) { // the last line has no line end
    open.end = size;
    open.lines++;
  }
  if (open.lines > 0) close();
  return { chunks, next: null };
}
