/** How often all pairs are looked at: enough for the crowds of a vocabulary. */
const ROUNDS = 100;

/** A place on a drawing. */
export interface Point {
  x: number;
  y: number;
}

/**
 * Moves points apart where they would cover each other, each as little as needed and both of a pair alike.
 *
 * @param distance How far apart the centres of two points have to be.
 */
export function separate(points: readonly Point[], distance: number): Point[] {
  const moved = points.map(({ x, y }) => ({ x, y }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, a] of moved.entries()) {
      for (const b of moved.slice(i + 1)) {
        const [dx, dy] = [b.x - a.x, b.y - a.y];
        const apart = Math.hypot(dx, dy);
        if (apart >= distance) continue;
        // Two at the same place part sideways.
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
