// Waits of long work on topics, as steps of it.
import type { Steps } from '../../lib/slices.ts'
import type { CommitGroup } from '../../log/commit-group.ts'
import { whenCaughtUp, whenDurable } from './await-group.ts'
import type { RequestContext } from './request-context.ts'

/** Ends when something may be declared. */
export function* untilCaughtUp({ broker: { topology } }: RequestContext): Steps<void> {
  if (topology.isBehind) yield whenCaughtUp(topology)
}

/** Ends when all of them are durable. */
export function* untilDurable(groups: Iterable<CommitGroup>): Steps<void> {
  for (const group of groups) if (group.state !== 'finished') yield whenDurable(group)
}
