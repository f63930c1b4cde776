let turn = 0;
let turnGranted = -1;
let tickets = 0;
/** The ticket that has waited longest, as far as this turn has seen, and as far as the turn before had. */
let [oldest, due] = [Infinity, Infinity];

/**
 * Waits for a turn of the event loop that no other long piece of work has: requests, timers and signals are handled in
 * between, and pieces of work that wait are let in one a turn, the longest waiting first.
 *
 * Whoever waits counts turns by its own callbacks, so that one that never comes back (workerd drops those of a request
 * whose client left) holds nobody up for more than a turn.
 */
export async function takeTurn(): Promise<void> {
  const ticket = ++tickets;
  while (true) {
    const asked = turn;
    // Not setImmediate, which is faster: under it Deno looks for new requests only every 61 turns.
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
