// How far the server's clock is ahead of this device's, from what passes by anyway. Every sample bounds the offset;
// the bounds are intersected, so that one slow answer never spoils the estimate. No time of its own.

export class ClockOffset {
  private least_ms = Number.NEGATIVE_INFINITY
  private most_ms = Number.POSITIVE_INFINITY

  /** The server's clock read `server_ms` (or up to `blur_ms` later) between the two local instants. */
  answered(server_ms: number, asked_at_ms: number, answered_at_ms: number, blur_ms = 0): void {
    this.narrow(server_ms - answered_at_ms, server_ms + blur_ms - asked_at_ms)
  }

  /** Something stamped `server_ms` arrived at the local instant: the server's clock is at least there. */
  arrived(server_ms: number, arrived_at_ms: number): void {
    this.narrow(server_ms - arrived_at_ms, Number.POSITIVE_INFINITY)
  }

  /** Null while nothing is known from above and below. */
  get estimate_ms(): number | null {
    const known = Number.isFinite(this.least_ms) && Number.isFinite(this.most_ms)
    return known ? (this.least_ms + this.most_ms) / 2 : null
  }

  private narrow(least_ms: number, most_ms: number): void {
    if (!(least_ms <= most_ms)) return
    const least = Math.max(this.least_ms, least_ms)
    const most = Math.min(this.most_ms, most_ms)
    // No overlap: one of the clocks was set, so what was known is void.
    const void_ = least > most
    this.least_ms = void_ ? least_ms : least
    this.most_ms = void_ ? most_ms : most
  }
}
