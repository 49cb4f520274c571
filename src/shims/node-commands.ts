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

async function nodeOf(broker: BrokerClient): Promise<Row> {
  const [node] = await rowsOf(broker, ['nodes'])
  return node as Row
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
      const node = await nodeOf(broker)
      const name = String(node['name'])
      const listeners = overview['listeners'] as readonly Row[]
      const document = {
        cluster_name: overview['cluster_name'],
        disk_nodes: [name],
        running_nodes: [name],
        versions: { [name]: { rabbitmq_version: overview['rabbitmq_version'] } },
        maintenance_status: {
          [name]: node['being_drained'] === true ? 'in maintenance' : 'not under maintenance',
        },
        alarms: [],
        partitions: {},
        listeners: { [name]: listeners },
      }
      const lines = [
        `Basics\n\nCluster name: ${String(document.cluster_name)}\n`,
        `Disk Nodes\n\n${name}\n\nRunning Nodes\n\n${name}\n\nVersions\n`,
        `${name}: RabbitMQ ${String(overview['rabbitmq_version'])}\n\nMaintenance status\n`,
        `Node: ${name}, status: ${document.maintenance_status[name]}\n\nListeners\n`,
        ...listeners.map(
          ({ ip_address: ip, port, protocol }) =>
            `Node: ${name}, interface: ${String(ip)}, port: ${String(port)}, protocol: ${String(protocol)}`,
        ),
      ]
      return { document, text: lines.join('\n') }
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
