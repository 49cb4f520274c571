// Bounds of rate limits.
export const rateLimits = {
  /** What a publisher may save up while it sends nothing: so little that a second has its rate and no more. */
  burstMs: 100,
  /** Who is in debt waits for so long at least: pausing a socket for each message costs more than the message. */
  pauseMsMin: 5,
} as const
