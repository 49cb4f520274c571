// What was promised of records: each is where its ack said, offsets are dense and have one content for ever, producers
// that are idempotent leave no duplicates, groups go on where they were, and transactions are whole.
import type { Left, TopicLeft } from '../clients/drain-all.ts'
import { pairsTopic } from '../clients/kafka-link.ts'
import type { History } from '../history.ts'

export function judgeTopics(history: History, left: Left): string[] {
  const events = left.topics.filter(({ partition }) => !partition.startsWith(`${pairsTopic}/`))
  return [
    ...events.flatMap(judgeOffsets),
    ...misplaced(history, events),
    ...invented(history, events),
    ...judgeReads(history, events),
    ...history.resumed.flatMap(({ partition, offset, committed }) =>
      offset < committed
        ? [`a reader of ${partition} went on at ${offset} after ${committed} was committed`]
        : [],
    ),
    ...judgePairs(history, left.topics),
  ]
}

function judgeOffsets({ partition, records }: TopicLeft): string[] {
  return records
    .flatMap(({ offset }, at) =>
      offset === at ? [] : [`${partition} has offset ${offset} where ${at} should be`],
    )
    .slice(0, 3)
}

function misplaced({ sent }: History, events: readonly TopicLeft[]): string[] {
  const places = new Map<string, string>()
  const wrongs: string[] = []
  const last = new Map<string, number>()
  for (const { partition, records } of events) {
    for (const { offset, value } of records) {
      const place = `${partition}@${offset}`
      if (places.has(value)) wrongs.push(`${value} is at ${places.get(value)} and at ${place}`)
      places.set(value, place)
      const [from = '', seq = ''] = value.split(':')
      const key = `${partition} ${from}`
      if (Number(seq) <= (last.get(key) ?? -1))
        wrongs.push(`${partition}: ${value} is out of order`)
      last.set(key, Number(seq))
    }
  }
  for (const { from, seq, to, outcome, offset } of sent) {
    if (outcome !== 'confirmed' || !to.includes('/')) continue
    const place = places.get(`${from}:${seq}`)
    if (place === undefined) wrongs.push(`${from}:${seq} for ${to} was confirmed and is gone`)
    else if (place.split('@')[0] !== to)
      wrongs.push(`${from}:${seq} is at ${place} and was for ${to}`)
    else if (offset !== undefined && place !== `${to}@${offset}`)
      wrongs.push(`${from}:${seq} was confirmed at ${to}@${offset} and is at ${place}`)
  }
  return wrongs
}

function invented({ sent }: History, events: readonly TopicLeft[]): string[] {
  const known = new Set(sent.map(({ from, seq }) => `${from}:${seq}`))
  return events.flatMap(({ partition, records }) =>
    records.flatMap(({ offset, value }) =>
      known.has(value) ? [] : [`${partition}@${offset} has "${value}", which nobody has sent`],
    ),
  )
}

/** Nobody ever sees two contents at one place, and a reader that commits sees everything. */
function judgeReads({ read }: History, events: readonly TopicLeft[]): string[] {
  const wrongs: string[] = []
  for (const { partition, records } of events) {
    const valueAt = new Map(records.map(({ offset, value }) => [offset, value]))
    const seen = new Set<number>()
    for (const { offset, id } of read.filter((each) => each.partition === partition)) {
      seen.add(offset)
      const value = valueAt.get(offset)
      if (value !== id)
        wrongs.push(`${partition}@${offset} was read as ${id} and is ${value ?? 'nothing'}`)
    }
    const end = Math.max(-1, ...seen)
    for (let offset = 0; offset < end; offset++) {
      if (!seen.has(offset)) wrongs.push(`the reader of ${partition} was never given ${offset}`)
    }
  }
  return wrongs
}

function judgePairs({ pairs }: History, topics: readonly TopicLeft[]): string[] {
  const counts = new Map<string, number>()
  for (const { partition, records } of topics) {
    if (!partition.startsWith(`${pairsTopic}/`)) continue
    for (const { value } of records) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const known = new Set(pairs.map(({ id }) => id))
  const unknown = [...counts.keys()].filter((id) => !known.has(id))
  return [
    ...unknown.map((id) => `${pairsTopic} has ${id}, which nobody has sent`),
    ...pairs.flatMap(({ id, outcome }) => {
      const count = counts.get(id) ?? 0
      if (outcome === 'committed' && count === 0)
        return [`the transaction of ${id} was confirmed and is gone`]
      if (outcome === 'aborted' && count > 0)
        return [`${id} is there and its transaction was never committed`]
      return count === 0 || count === 2 ? [] : [`${count} of the two records of ${id} are there`]
    }),
  ]
}
