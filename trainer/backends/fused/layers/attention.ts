import { type Activation, requireUnread } from "../activation.ts";
import type { Tape } from "../tape.ts";

/** Room for attention along a word, by its columns. */
const pathsOf = new WeakMap<Tape, Map<number, Activation>>();

/**
 * Causal attention of several heads along words: (b, 3 * m) -> (b, m). The size of a head is a multiple of four, and m one
 * of eight.
 *
 * @param qkv Query, key and value of each position, each the heads' side by side.
 */
export function attention(tape: Tape, qkv: Activation, heads: number): Activation {
  tape.rowOrder = "by word";
  const maxima = tape.values(2 * heads);
  const out = tape.activation(qkv.columns / 3);
  // Keys and values of one word, and their gradients: layers take turns.
  const paths = pathsOf.get(tape) ?? new Map<number, Activation>();
  pathsOf.set(tape, paths);
  const path = paths.get(out.columns) ?? tape.activation(2 * out.columns);
  paths.set(out.columns, path);
  const bytes = out.stride / heads;
  tape.onForward(({ kernel, positions, groups, groupCount }) =>
    kernel.attention(
      out.address,
      out.stride,
      maxima.address,
      maxima.stride,
      qkv.address,
      qkv.stride,
      path.address,
      positions,
      groups,
      groupCount,
      heads,
      bytes,
    )
  );
  requireUnread(qkv).readers.push(({ kernel, positions, parents, groups, groupCount }) =>
    kernel.attentionGradient(
      qkv.gradient,
      qkv.address,
      qkv.stride,
      out.gradient,
      out.address,
      out.stride,
      maxima.address,
      maxima.stride,
      path.address,
      path.gradient,
      positions,
      parents,
      groups,
      groupCount,
      heads,
      bytes,
    )
  );
  return out;
}
