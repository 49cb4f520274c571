// Up to where a log is written anew, in keyed state: whoever has that done keeps it, with whatever else it needs
// behind the end. Below it, offsets without records are no loss.

const keyPrefix = 'compacted/'

/** Of the keyed state; its value begins with the end, as a double. */
export function rewrittenKey(logId: number): string {
  return `${keyPrefix}${logId}`
}

/** Whose end a key of the keyed state is for; undefined for other keys. */
export function parseRewrittenKey(key: string): number | undefined {
  return key.startsWith(keyPrefix) ? Number(key.slice(keyPrefix.length)) : undefined
}

/** The end that a value begins with. */
export function rewrittenEndIn(value: Buffer): number {
  return value.length < 8 ? 0 : value.readDoubleBE(0)
}
