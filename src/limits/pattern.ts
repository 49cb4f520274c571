// Limits of regular expressions that users give the broker.

export const patternLimits = {
  /** Bytes of UTF-8, as in RabbitMQ 4.3. */
  sizeMax: 1024,
  /**
   * Instructions that a pattern compiles to: `x{1000}` is a thousand of them. Time for a name is at most
   * its length times this: 4 ms for 255 bytes on a slow core.
   */
  instructionsMax: 1100,
} as const
