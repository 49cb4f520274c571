// A record that a producer sends: its value says which producer's and its how-manieth it is, and is
// padded to a length that follows from that, so that whoever reads it can tell that it is whole.

export interface PlannedRecord {
  readonly session: string
  /** Counts the records of the session, from 1. */
  readonly number: number
}

const paddingMax = 300
/** One in so many is large. */
const largeEvery = 97
const largeSize = 30_000

export function idOf({ session, number }: PlannedRecord): string {
  return `${session}-${number}`
}

export function valueOf(record: PlannedRecord): Buffer {
  const { number } = record
  const size = number % largeEvery === 0 ? largeSize : (number * 7919) % paddingMax
  return Buffer.from(`${record.session} ${number} ${'.'.repeat(size)}`)
}

/** Undefined when the value is not exactly what a producer sends. */
export function parseValue(value: Buffer | null): PlannedRecord | undefined {
  const [session = '', number = ''] = value?.toString('latin1', 0, 60).split(' ', 2) ?? []
  const record = { session, number: Number(number) }
  return value?.equals(valueOf(record)) === true ? record : undefined
}
