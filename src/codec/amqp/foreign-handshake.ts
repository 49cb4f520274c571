/**
 * What a client of another protocol is answered, piece by piece, until it has been told in its own
 * words that nobody here speaks it.
 */
export interface ForeignHandshake {
  /** The protocol's name. */
  readonly protocol: string
  /** Bytes of the client's that are needed next; 0 when there is nothing more to say. */
  readonly needed: number
  /** Takes the bytes that were needed, valid during the call. Returns what is to be sent. */
  take(bytes: Buffer): Buffer
}

/** Told to the client in its answer. */
export function refusalOf(protocol: string): string {
  return `Pabal does not speak ${protocol} here: use a client for AMQP 0-9-1`
}
