import type { BrokerSystem } from './broker-system.ts'
import { clusterSystem } from './cluster-system.ts'
import { kafkaClusterSystem } from './kafka-cluster-system.ts'
import { kafkaSystem } from './kafka-system.ts'
import { mosquittoSystem } from './mosquitto-system.ts'
import { pabalSystem } from './pabal-system.ts'
import { rabbitmqPluginsSystem, rabbitmqSystem } from './rabbitmq-system.ts'

export const systemNames =
  'pabal, pabal-os, pabal-tls, pabal-throughput, pabal+1ms (any delay), pabal-cluster-1 (any number of nodes), pabal-cluster-3-passed-on, rabbitmq, rabbitmq-plugins, mosquitto, kafka, kafka-fsync, kafka-3'

/** The system of that name; throws with a text for people when there is none or it is missing. */
export function findSystem(name: string): BrokerSystem {
  const pabal = /^pabal(-os)?(-tls)?(-throughput)?(?:\+(\d+(?:\.\d+)?)ms)?$/.exec(name)
  if (pabal !== null) {
    const durability = pabal[1] === undefined ? 'fsync' : 'os'
    return pabalSystem({
      durability,
      syncDelayMs: Number(pabal[4] ?? 0),
      profile: pabal[3] === undefined ? 'latency' : 'throughput',
      isTls: pabal[2] !== undefined,
    })
  }
  const cluster = /^pabal-cluster-(\d+)(-passed-on)?$/.exec(name)
  if (cluster !== null) {
    return clusterSystem({ nodeCount: Number(cluster[1]), isPassedOn: cluster[2] !== undefined })
  }
  if (name === 'kafka-3') return kafkaClusterSystem()
  if (name === 'mosquitto') return mosquittoSystem()
  if (name === 'rabbitmq') return rabbitmqSystem()
  if (name === 'rabbitmq-plugins') return rabbitmqPluginsSystem()
  if (name === 'kafka' || name === 'kafka-fsync') {
    return kafkaSystem({ doesFsync: name === 'kafka-fsync' })
  }
  throw new Error(`there is no system '${name}': use ${systemNames}`)
}
