// A Kafka port on a broker whose parts are in a test's reach.
import { Users } from '../../src/auth/users.ts'
import { defaultVHost } from '../../src/broker/broker.ts'
import { ProducerIds } from '../../src/broker/topic/producer-ids.ts'
import { RestoredEnds } from '../../src/broker/topic/restored-ends.ts'
import { openGroups } from '../../src/cell/open-groups.ts'
import { openSetAside } from '../../src/cell/open-set-aside.ts'
import { openShareGroups } from '../../src/cell/open-share-groups.ts'
import { openTransactions } from '../../src/cell/open-transactions.ts'
import { BatchWorker } from '../../src/crossing/batch-worker.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Address } from '../../src/lib/listen.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openKafka } from '../../src/node/open-kafka.ts'
import { openListener } from '../../src/server/listener.ts'
import { completeOptions } from '../../src/settings/load-config.ts'
import type { BrokerInProcess } from './broker-in-process.ts'

export interface KafkaBeside extends AsyncDisposable {
  readonly port: number
}

export async function openKafkaBeside({
  broker,
  crossing,
  memory,
  clients,
  inputBudget,
}: BrokerInProcess): Promise<KafkaBeside> {
  const addresses: Record<string, Address> = {}
  const batchWorker = new BatchWorker(systemClock)
  const vhost = broker.getVHost(defaultVHost)
  const groups = openGroups(broker, vhost, new Map())
  const setAside = openSetAside(broker, { groups, vhost }, undefined)
  const shareGroups = openShareGroups(broker, groups, new Map(), silentLogger)
  const producerIds = new ProducerIds(broker.store, new Map())
  const transactions = openTransactions({
    broker,
    vhost: broker.getVHost(defaultVHost),
    producerIds,
    members: [],
    state: new Map(),
    logger: silentLogger,
  })
  const restoredEnds = new RestoredEnds(broker.store, new Map(), [])
  const server = openKafka({
    cell: {
      broker,
      crossing,
      groups,
      setAside,
      shareGroups,
      producerIds,
      transactions,
      branch: undefined,
      restoredEnds,
      clusterId: 'beside',
    },
    users: new Users({ random: systemRandom, access: broker.access }),
    memory,
    clients,
    inputBudget,
    batchWorker,
    options: completeOptions({}),
    logger: silentLogger,
    addresses,
  })
  const onSocket = server.acceptorOf({
    name: 'kafka',
    scheme: 'kafka',
    setting: 'kafkaPort',
    isTls: false,
  })
  const listener = await openListener({
    service: 'kafka',
    host: '127.0.0.1',
    port: 0,
    onSocket,
    onAcceptProblem: () => undefined,
  })
  addresses['kafka'] = listener.address
  return {
    port: listener.address.port,
    [Symbol.asyncDispose]: async () => {
      listener.close()
      groups.close()
      transactions[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
      batchWorker.close()
    },
  }
}
