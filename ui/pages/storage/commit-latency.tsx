// How long commits took, as a histogram: since the start, and in the last minute that the page was open.
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { StorageJson } from '../../../src/admin/v1/storage-json.ts'
import { bytes, count, duration } from '../../lib/format.ts'
import { Stat, Stats } from '../../parts/facts.tsx'

type Commits = StorageJson['commits']

export function CommitLatency({
  commits,
  durability,
}: {
  readonly commits: Commits
  /** `fsync`, `os`, or `postgres` in a cluster. */
  readonly durability: string
}): JSX.Element {
  const recent = useRecent(commits)
  const shown = recent.some((bucket) => bucket > 0) ? recent : commits.buckets.map((b) => b.count)
  const isRecent = shown === recent
  const bounds = commits.buckets.map(({ up_to: bound }) => bound)
  if (commits.count === 0) return <p class="soft">Nothing was written yet.</p>
  return (
    <>
      <Stats>
        <Stat
          label="Half are done in"
          value={quantile(shown, bounds, 0.5)}
          hint="At most so long; pabal_log_commit_seconds"
        />
        <Stat label="99 of 100 in" value={quantile(shown, bounds, 0.99)} />
        <Stat label="Commits" value={count(commits.count)}>
          {bytes(commits.bytes)} since the start
        </Stat>
      </Stats>
      <Histogram counts={shown} bounds={bounds} />
      <p class="soft storage-note">
        {isRecent ? 'Of the last minutes on this page. ' : 'Since the start. '}
        {commitInWords[durability] ?? commitInWords['os']}
      </p>
    </>
  )
}

const commitInWords: Readonly<Record<string, string>> = {
  fsync: 'A commit is a write and a sync, which each confirm waits for.',
  os: 'A commit is a write; the system syncs it when it likes.',
  postgres: 'A commit is a statement of PostgreSQL, which each confirm waits for.',
}

/** What came since the page was opened, at most some minutes of it. */
function useRecent({ buckets }: Commits): readonly number[] {
  const seen = useRef<{ at: number; counts: readonly number[] }[]>([])
  const counts = buckets.map(({ count: number }) => number)
  const now = Date.now()
  const last = seen.current.at(-1)
  if (last === undefined || now - last.at > 5000) {
    seen.current = [...seen.current.filter(({ at }) => now - at < 120_000), { at: now, counts }]
  }
  const first = seen.current[0]?.counts ?? counts
  return counts.map((number, index) => number - (first[index] ?? 0))
}

function quantile(
  counts: readonly number[],
  bounds: readonly (number | null)[],
  share: number,
): string {
  const total = counts.reduce((sum, each) => sum + each, 0)
  let below = 0
  for (const [index, each] of counts.entries()) {
    below += each
    if (below < total * share) continue
    const bound = bounds[index]
    return bound === null || bound === undefined ? 'longer' : seconds(bound)
  }
  return '–'
}

function seconds(value: number): string {
  if (value < 0.001) return `${count(value * 1e6)} µs`
  return value < 0.01 ? `${value * 1000} ms` : duration(value * 1000)
}

function Histogram({
  counts,
  bounds,
}: {
  readonly counts: readonly number[]
  readonly bounds: readonly (number | null)[]
}): JSX.Element {
  const most = Math.max(1, ...counts)
  return (
    <ol class="storage-histogram" aria-label="Commits by how long they took">
      {counts.map((number, index) => {
        const bound = bounds[index]
        const label = bound === null || bound === undefined ? 'more' : seconds(bound)
        return (
          <li key={index} title={`${count(number)} commits, up to ${label}`}>
            <span class="storage-column">
              <span style={{ height: `${(number / most) * 100}%` }} />
            </span>
            <span class="storage-bound">{label}</span>
          </li>
        )
      })}
    </ol>
  )
}
