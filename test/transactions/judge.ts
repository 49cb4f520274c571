// Says what is wrong with what can be read at the end, by what the writers know.
import type { Book, TransactionEntry, Written } from './book.ts'
import type { ReadRecord } from './committed-reader.ts'

/** Everything committed in a partition, by topic and partition. */
export type Contents = ReadonlyMap<string, readonly ReadRecord[]>

export function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** Torn, lost, doubled and aborted transactions, and records out of their order. */
export function judgeWritten({ entries }: Book, contents: Contents): string[] {
  const faults: string[] = []
  const seen = new Map<string, string>()
  for (const [place, records] of contents) {
    for (const { value } of records) {
      if (seen.has(value)) faults.push(`doubled: '${value}' in ${place} and ${seen.get(value)}`)
      seen.set(value, place)
    }
    faults.push(...outOfOrder(place, records))
  }
  for (const entry of entries) faults.push(...faultsOf(entry, seen))
  const known = new Set(entries.flatMap(({ records }) => records.map(({ value }) => value)))
  for (const value of seen.keys()) if (!known.has(value)) faults.push(`invented: '${value}'`)
  return faults
}

function faultsOf(entry: TransactionEntry, seen: ReadonlyMap<string, string>): string[] {
  const { fate, records, writer, number } = entry
  const name = `${fate} transaction ${number} of ${writer}`
  const shown = records.filter(({ value }) => seen.has(value))
  const missing = records.filter(({ value, isStored }) => isStored && !seen.has(value))
  const faults = shown
    .filter(({ topic, partition, value }) => seen.get(value) !== placeOf(topic, partition))
    .map(({ value }) => `${name}: '${value}' is in ${seen.get(value)}`)
  if (fate === 'committed' && missing.length > 0) {
    faults.push(`${name}: lost ${missing.map(({ value }) => value).join(', ')}`)
  }
  if ((fate === 'aborted' || fate === 'open') && shown.length > 0) {
    faults.push(`${name}: shows ${shown.map(({ value }) => value).join(', ')}`)
  }
  if (fate === 'unknown' && shown.length > 0 && missing.length > 0) {
    const list = (of: readonly Written[]): string =>
      of
        .map(({ topic, partition, value }) => `'${value}' of ${placeOf(topic, partition)}`)
        .join(', ')
    faults.push(`${name}: torn, ${list(shown)} shown and ${list(missing)} missing`)
  }
  return faults
}

/** A writer's records in one partition are in the order in which it wrote them. */
function outOfOrder(place: string, records: readonly ReadRecord[]): string[] {
  const last = new Map<string, number>()
  const faults: string[] = []
  for (const { value } of records) {
    const [writer = '', transaction, record] = value.split(' ')
    const at = Number(transaction) * 1000 + Number(record)
    if (at <= (last.get(writer) ?? -1)) faults.push(`out of order in ${place}: '${value}'`)
    last.set(writer, at)
  }
  return faults
}

/** Copies are what there was, each once, and in its order. */
export function judgeCopies(
  from: readonly ReadRecord[] | undefined,
  to: readonly ReadRecord[] | undefined,
  place: string,
): string[] {
  const [source, copies] = [from, to].map((records = []) => records.map(({ value }) => value))
  const at = source!.findIndex((value, index) => copies![index] !== value)
  const first = at < 0 ? source!.length : at
  if (first === source!.length && copies!.length === source!.length) return []
  return [`copies of ${place}: '${copies![first]}' where '${source![first]}' was (${first})`]
}

/** What somebody has read meanwhile is the beginning of what is there in the end. */
export function judgeTail(
  read: readonly ReadRecord[],
  final: readonly ReadRecord[],
  place: string,
): string[] {
  const wrong = read.findIndex(({ offset, value }, index) => {
    return final[index]?.offset !== offset || final[index]?.value !== value
  })
  return wrong < 0 ? [] : [`read in ${place} and not there: ${JSON.stringify(read[wrong])}`]
}
