/** Passes over all pairs of points: enough to spread out a vocabulary. */
const ROUNDS = 100;

/** A position in a drawing, in pixels. */
export interface Point {
  x: number;
  y: number;
}

/**
 * Moves points apart that are too close: both of a pair by the same amount, and no further than needed.
 *
 * @param distance Least distance between two points.
 */
export function separate(points: readonly Point[], distance: number): Point[] {
  const moved = points.map(({ x, y }) => ({ x, y }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, a] of moved.entries()) {
      for (const b of moved.slice(i + 1)) {
        const [dx, dy] = [b.x - a.x, b.y - a.y];
        const apart = Math.hypot(dx, dy);
        if (apart >= distance) continue;
        // Two points at one position move sideways.
        const [ux, uy] = apart === 0 ? [1, 0] : [dx / apart, dy / apart];
        const push = (distance - apart) / 2;
        a.x -= ux * push;
        a.y -= uy * push;
        b.x += ux * push;
        b.y += uy * push;
      }
    }
  }
  return moved;
}
