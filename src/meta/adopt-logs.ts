// Offline: which logs the topology names, and queues for those that it does not. A log whose queue is not
// known any more keeps its messages; under a name of its own everybody can read them again.
import type { TopologyEntry } from '../log/commit.ts'
import type { LogAdopter, UnownedLog } from '../log/file/unowned-logs.ts'
import { emptyTable } from '../record/message/field-table.ts'
import { foldTopology } from './fold-topology.ts'
import { logIdsOf } from './row-logs.ts'
import { encodeTopologyChanges } from './topology-change.ts'

const vhost = '/'

/** Makes a work queue of each log in the default virtual host; Kafka clients see it as a topic. */
export const logAdopter: LogAdopter = {
  ownedLogs(entries) {
    const { queues, delays } = foldTopology(entries)
    const ofDelays = delays.map(({ logId }) => logId)
    return new Set([...queues.flatMap(logIdsOf), ...ofDelays])
  },
  adopt(log, entries) {
    const name = freeName(log, entries)
    const row = {
      vhost,
      name,
      type: 'classic',
      logId: log.id,
      // A start makes a cursor for a queue that has none.
      cursorId: log.cursorIds[0] ?? 0,
      autoDelete: false,
      arguments: emptyTable,
    }
    return { name, entry: encodeTopologyChanges([{ kind: 'queue', op: 'put', row }]) }
  },
}

function freeName({ id }: UnownedLog, entries: readonly TopologyEntry[]): string {
  const { queues } = foldTopology(entries)
  const taken = new Set(queues.filter((row) => row.vhost === vhost).map((row) => row.name))
  const name = `recovered-log-${id}`
  let free = name
  for (let number = 2; taken.has(free); number++) free = `${name}-${number}`
  return free
}
