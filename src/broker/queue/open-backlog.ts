import type { LogProfile } from '../../log/log-profile.ts'
import type { LogStore } from '../../log/log-store.ts'
import { Backlog } from './backlog.ts'
import type { Subscription } from './message-source.ts'
import { PriorityBacklog, type PriorityBacklogOwner } from './priority-backlog.ts'
import type { QueueBacklog } from './queue-backlog.ts'
import type { QueueOptions } from './queue-context.ts'
import type { QueueSettings } from './queue-settings.ts'
import { SourceBacklog, type SourceBacklogOwner } from './source-backlog.ts'

interface BacklogContext<S extends Subscription> {
  readonly settings: QueueSettings
  readonly store: LogStore
  readonly owner: PriorityBacklogOwner & SourceBacklogOwner & S
}

/** What waits in the logs of a queue. */
export function openBacklog<S extends Subscription>(
  { cursor, levels = [], source }: QueueOptions<S>,
  { settings, store, owner }: BacklogContext<S>,
): QueueBacklog {
  if (source !== undefined) {
    const { sourcePriorityMax: priorityMax } = settings
    return new SourceBacklog({ cursor, source, store, owner, priorityMax })
  }
  const { priorities } = settings
  if (priorities === undefined) return new Backlog(cursor, store, owner)
  for (const level of levels) level.cursor.log.homeAddress = cursor.log.homeAddress
  return new PriorityBacklog({
    priorities,
    store,
    owner,
    levels: [{ level: 0, cursor }, ...levels],
  })
}

/** What writing to all logs of a queue is built for. */
export function setProfile({ levels }: QueueBacklog, profile: LogProfile | undefined): void {
  for (const { cursor } of levels) cursor.log.profile = profile
}
