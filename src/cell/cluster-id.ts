// Kafka clients know a cluster by its id: it is made once and kept.
import type { Random } from '../lib/random.ts'
import type { LogStore } from '../log/log-store.ts'

const stateKey = 'cluster-id'
const idBytes = 16

/** The id among the log's keyed state at the start, or a new one, which is put there. */
export function clusterIdOf(
  store: LogStore,
  random: Random,
  state: ReadonlyMap<string, Buffer>,
): string {
  const stored = state.get(stateKey)
  if (stored !== undefined) return stored.toString()
  const clusterId = random.bytes(idBytes).toString('base64url')
  store.beginAtom()
  store.putState(stateKey, Buffer.from(clusterId))
  store.endAtom()
  return clusterId
}
