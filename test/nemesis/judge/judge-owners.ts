// No two owners serve one cell: what comes by a connection to a node comes before another node has the cell. Epochs and
// their times are PostgreSQL's, by the clock of this machine.
import type { History } from '../history.ts'
import type { EpochBegun } from '../rig.ts'

/** What a socket and a busy thread may hold up. A lease is over two seconds before anybody claims the cell. */
const slackMs = 1000

export function judgeOwners(
  { sessions, heard }: History,
  epochs: readonly EpochBegun[],
  /** Of each address. */
  names: readonly string[],
): string[] {
  const first = epochs.filter(({ cell }) => cell === 0)
  const endOf = new Map<number, { readonly at: number; readonly name: string }>()
  for (const { id, node, openedAt } of sessions) {
    const name = names[node] ?? ''
    const index = first.findLastIndex(({ at }) => at <= openedAt)
    const next = first[index + 1]
    // Who is passed on from another node has no owner of its own.
    if (first[index]?.owner === name && next !== undefined) endOf.set(id, { at: next.at, name })
  }
  return heard.flatMap(({ session, what, at }) => {
    const end = endOf.get(session)
    if (end === undefined || at <= end.at + slackMs) return []
    return [`${what} came ${Math.round(at - end.at)} ms after node ${end.name} had lost its cell`]
  })
}
