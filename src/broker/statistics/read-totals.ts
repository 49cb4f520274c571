// What is sampled of the broker as a whole beside its messages: clients, channels and queues that come and go,
// and what is written to the disk.
import { messageProtocols } from '../../auth/principal.ts'
import type { Broker } from '../broker.ts'
import type { ClientRegistry } from '../client/client-registry.ts'
import { deathStrategies } from '../counters/broker-counters.ts'
import type { ClientCounters } from '../counters/client-counters.ts'
import type { Counts } from './sample.ts'

/** Since the start. `totals` are those of the clients. */
export function churnCounts(
  { counters }: Pick<Broker, 'counters'>,
  clients: ClientRegistry,
  { channels }: Pick<ClientCounters, 'channels'>,
): Counts {
  const open = clients.counts()
  let [connected, disconnected] = [0, 0]
  for (const protocol of messageProtocols) {
    const { clients: ended } = clients.endedOf(protocol)
    connected += open[protocol] + ended
    disconnected += ended
  }
  return {
    connectionsOpened: connected,
    connectionsClosed: disconnected,
    channelsOpened: channels,
    channelsClosed: channels - clients.channelCount,
    queuesDeclared: counters.queuesDeclared,
    queuesCreated: counters.queuesCreated,
    queuesDeleted: counters.queuesDeleted,
  }
}

/** Commits of the log, each of which is written and synced at once, and their bytes, since the start. */
export function diskCounts({ store }: Pick<Broker, 'store'>): Counts {
  const { commitSeconds, committedSize } = store.stats
  return {
    commits: commitSeconds.counts.reduce((sum, count) => sum + count, 0),
    committedSize,
    diskFree: store.fileStats?.freeSize ?? 0,
  }
}

/** Messages that died since the start, by why they did: those that went on to an exchange, and those that were dropped. */
export function deathCounts({ counters }: Pick<Broker, 'counters'>): Counts {
  const counts: Record<string, number> = {}
  for (const byStrategy of Object.values(counters.deaths)) {
    for (const strategy of deathStrategies) {
      const start = strategy === 'disabled' ? 'dropped' : 'died'
      for (const [reason, count] of Object.entries(byStrategy[strategy])) {
        const name = `${start}:${reason}`
        counts[name] = (counts[name] ?? 0) + count
      }
    }
  }
  return counts
}
