// Says what is wrong with jobs, once all workers have come to an end: each job is still to be done, or there is one
// result of it in the queue and one in the topic, of the same transaction, and the worker's offset counts it.
import type { JobBook, WorkEntry } from './job-book.ts'

export interface JobsFound {
  readonly jobs: readonly string[]
  /** Left in the queue. */
  readonly left: readonly string[]
  readonly inQueue: readonly string[]
  readonly inTopic: readonly string[]
  /** By worker: the offset that its group has committed. */
  readonly offsets: ReadonlyMap<string, number>
}

export function judgeJobs({ entries }: JobBook, found: JobsFound): string[] {
  const { left, inQueue, inTopic, offsets } = found
  const shown = new Set([...inQueue, ...inTopic])
  const known = new Set(entries.flatMap((work) => work.jobs.map((job) => work.resultOf(job))))
  const invented = [...shown].filter((result) => !known.has(result))
  const faults = [
    ...doubles('jobs', left),
    ...doubles('results', inQueue),
    ...doubles('topic', inTopic),
    ...tornOnes(found, shown),
    ...faultsOfJobs(found, shown),
    ...entries.flatMap((work) => faultsOf(work, shown)),
    ...invented.map((result) => `invented: '${result}'`),
  ]
  for (const [worker, offset] of offsets) {
    const done = inQueue.filter((result) => result.includes(` by ${worker} `)).length
    if (done !== offset) faults.push(`${worker} has done ${done} jobs, and its offset is ${offset}`)
  }
  return faults
}

/** What is in the queue of results is in the topic. */
function tornOnes({ inQueue, inTopic }: JobsFound, shown: ReadonlySet<string>): string[] {
  const [queue, topic] = [new Set(inQueue), new Set(inTopic)]
  return [...shown]
    .filter((result) => queue.has(result) !== topic.has(result))
    .map((result) => `torn: '${result}' is only in the ${queue.has(result) ? 'queue' : 'topic'}`)
}

function faultsOfJobs({ jobs, left }: JobsFound, shown: ReadonlySet<string>): string[] {
  const ends = new Map(left.map((job) => [job, 1]))
  for (const result of shown) {
    const [job = ''] = result.split(' by ')
    ends.set(job, (ends.get(job) ?? 0) + 1)
  }
  const faults: string[] = []
  for (const job of jobs) {
    const count = ends.get(job) ?? 0
    if (count === 0) faults.push(`lost: '${job}' has no result and is not there`)
    if (count > 1) faults.push(`doubled: '${job}' has come to ${count} ends`)
  }
  return faults
}

function faultsOf(work: WorkEntry, shown: ReadonlySet<string>): string[] {
  const { jobs, name, entry } = work
  const there = jobs.filter((job) => shown.has(work.resultOf(job)))
  if (entry.fate === 'committed' && there.length < jobs.length) {
    return [`committed work ${name}: ${there.length} of ${jobs.length} results are there`]
  }
  if (entry.fate === 'unknown') {
    if (there.length === 0 || there.length === jobs.length) return []
    return [`torn work ${name}: ${there.length} of ${jobs.length} results are there`]
  }
  if (entry.fate === 'committed' || there.length === 0) return []
  return [`${entry.fate} work ${name} shows '${there.join("', '")}'`]
}

function doubles(where: string, values: readonly string[]): string[] {
  const seen = new Set<string>()
  const faults: string[] = []
  for (const value of values) {
    if (seen.has(value)) faults.push(`doubled in ${where}: '${value}'`)
    seen.add(value)
  }
  return faults
}
