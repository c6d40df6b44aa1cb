// Whether a link that should bring packets has fallen silent. Pure: counts and instants in, "ask now" out.
// A programme that is off air is no reason to ask; one that stays silent is asked about ever more seldom.

const FIRST_PATIENCE_MS = 1_500
const LONGEST_PATIENCE_MS = 12_000

export class Silence {
  #received = -1
  #since_ms = 0
  #patience_ms = FIRST_PATIENCE_MS

  /** One reading: how many packets came so far, and whether somebody is on air. True: find out what is wrong. */
  read(received: number, expected: boolean, now_ms: number): boolean {
    if (received !== this.#received || !expected) {
      this.#received = received
      this.#since_ms = now_ms
      this.#patience_ms = FIRST_PATIENCE_MS
      return false
    }
    if (now_ms - this.#since_ms < this.#patience_ms) return false
    this.#since_ms = now_ms
    this.#patience_ms = Math.min(LONGEST_PATIENCE_MS, this.#patience_ms * 2)
    return true
  }

  /** Nothing came since the reading before: look again soon. */
  isQuiet(now_ms: number): boolean {
    return now_ms > this.#since_ms
  }
}
