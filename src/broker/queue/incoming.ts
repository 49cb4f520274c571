/** Messages that are about to come into a queue, and the bytes of their bodies. */
export interface Incoming {
  readonly count: number
  readonly size: number
}
