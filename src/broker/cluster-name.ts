// The name that a cluster is told by, which administrators may change.
import type { Ticket } from '../log/ticket.ts'
import type { DynamicSettings } from './dynamic-settings.ts'

interface Named {
  readonly settings: DynamicSettings
}

const nameDefault = 'pabal'

export function clusterNameOf({ settings }: Named): string {
  return settings.get('cluster', '')['name'] ?? nameDefault
}

/** Throws `resource_exhausted` when storage has no room for settings. */
export function setClusterName({ settings }: Named, name: string): Ticket | undefined {
  return settings.put('cluster', '', { name })
}
