import type { LogStore } from '../../log/log-store.ts'
import { Backlog } from './backlog.ts'
import { PriorityBacklog, type PriorityBacklogOwner } from './priority-backlog.ts'
import type { QueueBacklog } from './queue-backlog.ts'
import type { QueueOptions } from './queue-context.ts'
import type { QueueSettings } from './queue-settings.ts'

interface BacklogContext {
  readonly settings: QueueSettings
  readonly store: LogStore
  readonly owner: PriorityBacklogOwner
}

/** What waits in the logs of a queue. */
export function openBacklog(
  { cursor, levels = [] }: QueueOptions,
  { settings, store, owner }: BacklogContext,
): QueueBacklog {
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
