// A Kafka port on a broker whose parts are in a test's reach.
import { Users } from '../../src/auth/users.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Address } from '../../src/lib/listen.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openKafka } from '../../src/node/open-kafka.ts'
import { BatchWorker } from '../../src/server/crossing/batch-worker.ts'
import { openListener } from '../../src/server/listener.ts'
import { completeOptions } from '../../src/settings/load-config.ts'
import type { BrokerInProcess } from './broker-in-process.ts'

export interface KafkaBeside extends AsyncDisposable {
  readonly port: number
}

export async function openKafkaBeside({ broker, crossing }: BrokerInProcess): Promise<KafkaBeside> {
  const addresses: Record<string, Address> = {}
  const { server, groups, listeners } = openKafka({
    broker,
    crossing,
    users: new Users({ random: systemRandom }),
    batchWorker: new BatchWorker(systemClock),
    options: completeOptions({}),
    logger: silentLogger,
    state: new Map(),
    addresses,
  })
  const listener = await openListener({
    service: 'kafka',
    host: '127.0.0.1',
    port: 0,
    onSocket: server.acceptOn(listeners.kafka),
    onAcceptProblem: () => undefined,
  })
  addresses['kafka'] = listener.address
  const { port } = listener.address
  return {
    port,
    [Symbol.asyncDispose]: () => {
      listener.close()
      groups.close()
      server.close()
      return Promise.resolve()
    },
  }
}
