// The node: what it is, stopping it, and having it without clients for a while.
import type { BrokerClient } from '../cli/broker-client.ts'
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { shimLimits } from '../limits/shims.ts'
import { pause } from './pause.ts'
import { change, command, noParameter, rowsOf, type ShimCommands } from './shim-command.ts'
import { ShimError } from './shim-error.ts'
import type { Row } from './write-table.ts'

const maintenance = ['v1', 'maintenance'] as const

async function bodyOf(broker: BrokerClient, ...segments: string[]): Promise<Row> {
  return (await broker.ask('GET', segments)).body as Row
}

/** The node that answers, and not another one of its cluster. */
async function nodeOf(broker: BrokerClient): Promise<Row> {
  const { node: name } = await bodyOf(broker, 'overview')
  return (await broker.ask('GET', ['nodes', String(name)])).body as Row
}

/** Tells the process to stop in good order, and waits until it is gone. */
async function stop(broker: BrokerClient): Promise<undefined> {
  const pid = Number((await nodeOf(broker))['os_pid'])
  process.kill(pid, 'SIGTERM')
  const giveUpAt = systemClock.monotonic() + shimLimits.stopMsMax
  while (isAlive(pid)) {
    if (systemClock.monotonic() > giveUpAt) {
      throw new ShimError(exitCodes.unavailable, `The broker, process ${pid}, does not stop`)
    }
    await pause(shimLimits.stopLookMs)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

interface ClusterDocument {
  readonly cluster_name: unknown
  readonly disk_nodes: readonly string[]
  readonly running_nodes: readonly string[]
  readonly versions: Readonly<Record<string, { readonly rabbitmq_version: unknown }>>
  readonly maintenance_status: Readonly<Record<string, string>>
  readonly alarms: readonly unknown[]
  readonly partitions: object
  readonly listeners: Readonly<Record<string, readonly Row[]>>
}

/** Of nodes that do not run only their names are known. */
function clusterDocument(overview: Row, nodes: readonly Row[]): ClusterDocument {
  const names = nodes.map(({ name }) => String(name))
  const running = nodes.filter((node) => node['running'] === true)
  const ofEach = <T>(of: (node: Row) => T): Record<string, T> =>
    Object.fromEntries(running.map((node) => [String(node['name']), of(node)]))
  const listeners = (overview['listeners'] ?? []) as readonly Row[]
  return {
    cluster_name: overview['cluster_name'],
    disk_nodes: names,
    running_nodes: running.map(({ name }) => String(name)),
    versions: ofEach((node) => ({ rabbitmq_version: node['rabbitmq_version'] })),
    maintenance_status: ofEach((node) =>
      node['being_drained'] === true ? 'in maintenance' : 'not under maintenance',
    ),
    alarms: [],
    partitions: {},
    listeners: ofEach(({ name }) => listeners.filter(({ node }) => node === name)),
  }
}

function clusterText(document: ClusterDocument): string {
  const { cluster_name: cluster, disk_nodes: nodes, running_nodes: running } = document
  const versions = Object.entries(document.versions).map(
    ([name, each]) => `${name}: RabbitMQ ${String(each.rabbitmq_version)}`,
  )
  const states = Object.entries(document.maintenance_status).map(
    ([name, state]) => `Node: ${name}, status: ${state}`,
  )
  const listeners = Object.entries(document.listeners).flatMap(([name, all]) =>
    all.map(
      ({ ip_address: ip, port, protocol }) =>
        `Node: ${name}, interface: ${String(ip)}, port: ${String(port)}, protocol: ${String(protocol)}`,
    ),
  )
  return [
    `Basics\n\nCluster name: ${String(cluster)}\n`,
    `Disk Nodes\n\n${nodes.join('\n')}\n\nRunning Nodes\n\n${running.join('\n')}\n\nVersions\n`,
    `${versions.join('\n')}\n\nMaintenance status\n`,
    `${states.join('\n')}\n\nListeners\n`,
    ...listeners,
  ].join('\n')
}

export const nodeCommands: ShimCommands = {
  status: command({
    banner: () => 'Status of this node ...',
    async run(broker) {
      const document = await bodyOf(broker, 'status')
      return { document, text: JSON.stringify(document, undefined, 2) }
    },
  }),
  cluster_status: command({
    banner: () => 'Cluster status of this node ...',
    async run(broker) {
      const overview = await bodyOf(broker, 'overview')
      const document = clusterDocument(overview, await rowsOf(broker, ['nodes']))
      return { document, text: clusterText(document) }
    },
  }),
  environment: command({
    banner: () => 'Application environment of this node ...',
    async run(broker) {
      const { settings } = (await bodyOf(broker, 'v1', 'config')) as { readonly settings: unknown }
      return { document: settings, text: JSON.stringify(settings, undefined, 2) }
    },
  }),
  set_cluster_name: command({
    usage: '<name>',
    banner: ({ operands: [name] }) => `Setting cluster name to ${name} ...`,
    run: (broker, { operands: [name] }) =>
      change(broker, ['PUT', ['cluster-name'], { name }], noParameter),
  }),
  stop: command({
    usage: '[pidfile]',
    options: ['--idempotent'],
    banner: () => 'Stopping and halting this node ...',
    run: stop,
  }),
  shutdown: command({
    options: ['--wait', '--no-wait'],
    banner: () => 'Shutting down RabbitMQ on this node ...',
    run: stop,
  }),
  stop_app: command({
    banner: () => 'Stopping rabbit application on this node ...',
    run: (broker) => change(broker, ['PUT', maintenance], noParameter),
  }),
  start_app: command({
    banner: () => 'Starting this node ...',
    run: (broker) => change(broker, ['DELETE', maintenance], noParameter),
  }),
  drain: command({
    banner: () => 'Will put this node into maintenance mode. ...',
    run: (broker) => change(broker, ['PUT', maintenance], noParameter),
  }),
  revive: command({
    banner: () => 'Will return this node to service ...',
    run: (broker) => change(broker, ['DELETE', maintenance], noParameter),
  }),
  restart_vhost: command({
    banner: ({ vhost }) => `Trying to restart vhost '${vhost}' on this node ...`,
    async run(broker, { vhost }) {
      const name = String((await nodeOf(broker))['name'])
      const path = ['vhosts', vhost, 'start', name]
      await change(broker, ['POST', path], {
        message: `Virtual host '${vhost}' does not exist`,
        exitCode: exitCodes.unavailable,
      })
      return `Vhost '${vhost}' is already running on this node`
    },
  }),
  list_feature_flags: command({
    usage: '[columns…]',
    banner: () => 'Listing feature flags ...',
    run: async (broker, { operands }) => ({
      columns: operands.length > 0 ? operands : ['name', 'state'],
      rows: await rowsOf(broker, ['feature-flags']),
    }),
  }),
  enable_feature_flag: command({
    usage: '<name>',
    banner: ({ operands: [name] }) =>
      name === 'all' ? 'Enabling all feature flags ...' : `Enabling feature flag ${name} ...`,
    async run(broker, { operands: [name = ''] }) {
      // What flags are for is always there.
      if (name !== 'all')
        await change(broker, ['PUT', ['feature-flags', name, 'enable'], { name }], noParameter)
      return undefined
    },
  }),
}
