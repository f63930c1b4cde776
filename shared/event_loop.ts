let turn = 0;
let turnGranted = -1;
let tickets = 0;
/** The longest waiting ticket that was seen in this turn so far, and in the turn before. */
let [oldest, due] = [Infinity, Infinity];

/**
 * Yields to the event loop, which then handles requests, timers and signals. If several tasks wait, only one continues in each
 * turn of the event loop, the longest waiting first.
 *
 * Each waiting task counts turns by its own callbacks. So a task whose callback is never called, because workerd drops those of
 * a request whose client has disconnected, delays the others by at most one turn.
 */
export async function takeTurn(): Promise<void> {
  const ticket = ++tickets;
  while (true) {
    const asked = turn;
    // Not setImmediate: it is faster, but Deno then polls for new requests only every 61 turns.
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (asked === turn) { // the first callback of this turn
      turn++;
      [due, oldest] = [oldest, Infinity];
    }
    if (turnGranted !== turn && ticket <= due) {
      turnGranted = turn;
      return;
    }
    oldest = Math.min(oldest, ticket);
  }
}
