import { type Activation, requireUnread } from "../activation.ts";
import { Region, WORD } from "../region.ts";
import { paddedRows } from "../rows.ts";
import type { Tape } from "../tape.ts";

/** Looks up an embedding for each token: (b, time) -> (b, time * size). */
export function embedding(
  tape: Tape,
  table: string,
  [vocabularySize, size]: [number, number],
  time: number,
): Activation {
  tape.time = time;
  const C = tape.matrices[table] = new Region(vocabularySize, size, vocabularySize, size);
  const out = tape.activation(time * size);
  tape.onForward(({ kernel, batch, tokens }) =>
    kernel.embedding(out.address, out.stride, C.address, tokens, batch, time, size)
  );
  out.origin = ({ kernel, batch, tokens }) =>
    kernel.embeddingGradient(
      C.gradient,
      out.gradient,
      out.stride,
      tokens,
      batch,
      time,
      size,
      vocabularySize,
    );
  return out;
}

/** A table of embeddings, (V, size), as an activation: layers before {@link lookUp} are computed once for each token. */
export function table(tape: Tape, name: string, [vocabularySize, size]: [number, number]): Activation {
  const C = tape.matrices[name] = new Region(vocabularySize, size, paddedRows(vocabularySize));
  return tape.activation(size, { values: C, gradient: C }, vocabularySize);
}

/** Looks up the row of each token: (b, 1), (V, columns) -> (b, columns). */
export function lookUp(tape: Tape, table: Activation): Activation {
  tape.time = 1;
  const out = tape.activation(table.columns);
  const size = out.stride / WORD;
  tape.onForward(({ kernel, batch, tokens }) =>
    kernel.embedding(out.address, out.stride, table.address, tokens, batch, 1, size)
  );
  requireUnread(table).readers.push(({ kernel, batch, tokens }) =>
    kernel.embeddingGradient(
      table.gradient,
      out.gradient,
      out.stride,
      tokens,
      batch,
      1,
      size,
      table.rows!,
    )
  );
  return out;
}
