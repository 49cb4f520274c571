import type { TopologyLog } from '../../broker/topology-log.ts'

/** Resolves when something may be declared: nobody may be faster than that can be kept. */
export function whenCaughtUp(topology: TopologyLog): Promise<void> {
  return new Promise((resolve) => {
    topology.whenCaughtUp(resolve)
  })
}
