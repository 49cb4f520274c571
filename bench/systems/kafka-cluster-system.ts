/**
 * Three Kafka brokers in KRaft mode on this machine, each also a controller: topics have three replicas, and a write
 * that waits for all is on two at least.
 */
import { join } from 'node:path'
import type { BrokerSystem, RunningBroker } from './broker-system.ts'
import { kafkaClasspath, kafkaVersion } from './kafka-classpath.ts'
import { startKafka } from './kafka-system.ts'
import { freePorts, HOST } from './ports.ts'

const settings: Readonly<Record<string, string>> = {
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
}

const nodeIds = ['1', '2', '3'] as const

export function kafkaClusterSystem(): BrokerSystem {
  return {
    name: 'kafka-3',
    protocols: ['kafka'],
    settings,
    version: kafkaVersion,
    prepare: () => void kafkaClasspath(),
    start: startKafkaCluster,
  }
}

/** The figures of its process are those of the first broker. */
async function startKafkaCluster(folder: string): Promise<RunningBroker> {
  const controllers = await freePorts(3)
  const brokers = await freePorts(3)
  const voters = nodeIds.map((id, place) => `${id}@${HOST}:${controllers[place]}`).join(',')
  const running = await Promise.all(
    nodeIds.map((id, place) => {
      const listeners = `PLAINTEXT://${HOST}:${brokers[place]},CONTROLLER://${HOST}:${controllers[place]}`
      const own = { ...settings, 'node.id': id, listeners, 'advertised.listeners': listeners }
      return startKafka(join(folder, `node-${id}`), kafkaClasspath(), {
        ...own,
        'controller.quorum.voters': voters,
      })
    }),
  )
  const [first] = running as [RunningBroker, ...RunningBroker[]]
  return {
    ...first,
    stop: async (signal) => {
      await Promise.all(running.map((each) => each.stop(signal)))
    },
  }
}
