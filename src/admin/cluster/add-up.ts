// Adds up what several have counted: numbers, objects of numbers, and samples of them.
import { isObject } from '../../lib/is-object.ts'

/** An average of a sum is the sum of the averages; samples are added where they are nearest in time. */
export function addUp(values: readonly unknown[]): unknown {
  const there = values.filter((value) => value !== undefined && value !== null)
  const [first] = there
  if (typeof first === 'number') return there.reduce<number>((sum, each) => sum + Number(each), 0)
  if (Array.isArray(first)) return addSamples(there.filter(Array.isArray))
  if (!isObject(first)) return first ?? {}
  const objects = there.filter(isObject) as Readonly<Record<string, unknown>>[]
  const keys = new Set(objects.flatMap((each) => Object.keys(each)))
  return Object.fromEntries([...keys].map((key) => [key, addUp(objects.map((each) => each[key]))]))
}

interface TimedSample {
  readonly sample: number
  readonly timestamp: number
}

/** At the times of the first. Each node takes its own samples at its own times, which differ by less than a step. */
function addSamples(lists: readonly (readonly TimedSample[])[]): TimedSample[] {
  const [first = [], ...others] = lists
  return first.map(({ sample, timestamp }) => ({
    timestamp,
    sample: others.reduce((sum, list) => sum + nearest(list, timestamp), sample),
  }))
}

function nearest(list: readonly TimedSample[], timestamp: number): number {
  let found: TimedSample | undefined
  for (const each of list) {
    const isNearer =
      found === undefined ||
      Math.abs(each.timestamp - timestamp) < Math.abs(found.timestamp - timestamp)
    if (isNearer) found = each
  }
  return found?.sample ?? 0
}
