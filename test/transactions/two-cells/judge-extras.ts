// Says what is wrong with offsets and jobs at the end: they have happened with the records of their transactions or
// not at all.
import type { Book, TransactionEntry } from '../book.ts'
import type { Contents } from '../judge.ts'
import { type Extras, groupOf, resultOf } from './producer.ts'

export interface ExtrasFound {
  readonly contents: Contents
  /** By group. */
  readonly offsetOf: (groupId: string) => number
  readonly jobCount: number
  readonly left: readonly string[]
  readonly results: readonly string[]
}

export function judgeExtras({ entries }: Book, extras: Extras, found: ExtrasFound): string[] {
  const values = [...found.contents.values()].flat().map(({ value }) => value)
  const shown = new Set(values)
  const isShown = ({ records }: TransactionEntry): boolean =>
    records.some(({ value }) => shown.has(value))
  const faults = [...extras.faults, ...judgeJobs(extras, found)]
  for (const name of new Set(entries.map(({ writer }) => writer))) {
    const own = entries.filter((entry) => entry.writer === name && extras.counted.has(entry))
    const due = own.filter(isShown).length
    const offset = found.offsetOf(groupOf(name))
    if (offset !== due) faults.push(`${name} has committed ${due}, and its offset is ${offset}`)
  }
  const results = new Set(found.results)
  for (const [entry, jobs] of extras.jobs) {
    const due = isShown(entry) ? jobs.length : 0
    const done = jobs.filter((job) => results.has(resultOf(entry, job))).length
    if (done === due) continue
    const { fate, writer, number } = entry
    faults.push(`${fate} transaction ${number} of ${writer} has ${done} results of ${due}`)
  }
  return faults
}

/** Each job is still to be done or has one result. */
function judgeJobs({ jobs }: Extras, { jobCount, left, results }: ExtrasFound): string[] {
  const faults: string[] = []
  const ends = [...left, ...results.map((result) => result.split(' by ')[0]!)]
  for (let at = 0; at < jobCount; at++) {
    const job = `job ${at}`
    const count = ends.filter((end) => end === job).length
    if (count !== 1) faults.push(`'${job}' has come to ${count} ends`)
  }
  const known = new Set(
    [...jobs].flatMap(([entry, taken]) => taken.map((job) => resultOf(entry, job))),
  )
  for (const result of results) if (!known.has(result)) faults.push(`invented: '${result}'`)
  return faults
}
