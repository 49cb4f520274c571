/**
 * Pabal as nodes of a cluster on this machine: PostgreSQL that syncs, the S3 double, and so many nodes. Clients come to
 * the owner of their virtual host, or to another node that passes them on.
 */
import packageJson from '../../package.json' with { type: 'json' }
import { ClusterRig } from '../cluster/cluster-rig.ts'
import type { BrokerSystem, RunningBroker } from './broker-system.ts'

export interface ClusterVariant {
  readonly nodeCount: number
  readonly isPassedOn: boolean
}

export function clusterSystem({ nodeCount, isPassedOn }: ClusterVariant): BrokerSystem {
  return {
    name: `pabal-cluster-${nodeCount}${isPassedOn ? '-passed-on' : ''}`,
    protocols: ['amqp', 'kafka'],
    settings: { nodes: String(nodeCount), PostgreSQL: 'fsync, no standby' },
    version: () => `Pabal ${packageJson.version}, Node ${process.version}`,
    prepare: () => undefined,
    start: () => startCluster(nodeCount, isPassedOn),
  }
}

/** The figures of its process are those of the owner. */
async function startCluster(nodeCount: number, isPassedOn: boolean): Promise<RunningBroker> {
  const startedAt = performance.now()
  const rig = await ClusterRig.open()
  const names = Array.from({ length: nodeCount }, (_, index) => `n${index + 1}`)
  const nodes = []
  for (const name of names) nodes.push(await rig.startNode(name, { amqp: 0, kafka: 0 }))
  await rig.waitUntilSpread(nodeCount)
  const owner = await rig.ownerOf(0)
  const node = nodes.find(({ name }) => (name === owner) !== isPassedOn) ?? nodes[0]
  if (node === undefined) throw new Error('a cluster has a node at least')
  return {
    pid: nodes.find(({ name }) => name === owner)?.pid ?? 0,
    amqpPort: node.amqpPort,
    kafkaPort: node.kafkaPort,
    readyMs: performance.now() - startedAt,
    logTail: () => '',
    stop: () => rig[Symbol.asyncDispose](),
  }
}
