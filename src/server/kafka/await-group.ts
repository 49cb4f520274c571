import type { TopologyLog } from '../../broker/topology-log.ts'
import type { CommitGroup } from '../../log/commit-group.ts'

/** Resolves when the group is durable. */
export function whenDurable(group: CommitGroup | undefined): Promise<void> {
  if (group === undefined || group.state === 'finished') return Promise.resolve()
  return new Promise((resolve) => {
    group.addListener({ onGroupFinished: () => resolve() })
  })
}

/** Resolves when something may be declared: nobody may be faster than that can be kept. */
export function whenCaughtUp(topology: TopologyLog): Promise<void> {
  return new Promise((resolve) => {
    topology.whenCaughtUp(resolve)
  })
}
