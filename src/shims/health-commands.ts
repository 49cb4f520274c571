// What health checks ask, and what the node says of itself.
import type { BrokerClient } from '../cli/broker-client.ts'
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { version } from '../lib/version.ts'
import { shimLimits } from '../limits/shims.ts'
import { pause } from './pause.ts'
import { type CommandBanner, command, type ShimCommand, type ShimCommands } from './shim-command.ts'
import { ShimError } from './shim-error.ts'
import { tryConnecting } from './try-connecting.ts'
import type { Row } from './write-table.ts'

interface Listener {
  readonly node: string
  readonly ip_address: string
  readonly port: number
  readonly protocol: string
}

/** RabbitMQ's answer of a check that does not pass stands by itself. */
function failed(message: string, head = ''): ShimError {
  return new ShimError(exitCodes.unavailable, message, head)
}

async function get(broker: BrokerClient, ...segments: string[]): Promise<Row> {
  const { status, body } = await broker.ask('GET', segments)
  if (status < 400 || status === 503) return body as Row
  throw failed((body as { readonly reason?: string }).reason ?? `status ${status}`, 'Error:\n')
}

async function listenersOf(broker: BrokerClient): Promise<readonly Listener[]> {
  const { node, listeners } = await get(broker, 'overview')
  // Those of other nodes of a cluster are theirs.
  return (listeners as readonly Listener[]).filter((each) => each.node === node)
}

const isReady = async (broker: BrokerClient): Promise<boolean> =>
  (await get(broker, 'status'))['state'] === 'ready'

async function checkRunning(broker: BrokerClient): Promise<string> {
  if (await isReady(broker)) return 'RabbitMQ on this node is fully booted and running'
  throw failed(
    'RabbitMQ on this node is not running or has not fully booted yet (check with is_booting)',
    'Error:\n',
  )
}

/** One of the API's checks. */
function check(banner: CommandBanner, path: readonly string[], passed: string): ShimCommand {
  return command({
    banner,
    async run(broker) {
      const { status, reason } = await get(broker, 'health', 'checks', ...path)
      if (status === 'ok') return passed
      throw failed(String(reason), 'Error:\n')
    },
  })
}

const onlyNode =
  'This node seems to be the only one in a single node cluster, the check does not apply'

const alarmsBanner = (): string => 'Asking this node to report any local resource alarms ...'
const noAlarms = 'This node reported no alarms, local or clusterwide'

const booted: ShimCommands = {
  ping: command({
    banner: () => 'Will ping this node. This only checks if it answers.',
    async run(broker) {
      await broker.ask('GET', ['status'])
      return 'Ping succeeded'
    },
  }),
  await_startup: command({ run: async (broker) => void (await checkRunning(broker)) }),
  wait: command({
    usage: '[pidfile]',
    options: ['--pid'],
    async run(broker) {
      await checkRunning(broker)
      return "Applications 'rabbit_and_plugins' are running on this node"
    },
  }),
  await_online_nodes: command({
    usage: '<count>',
    banner: ({ operands: [count] }) =>
      `Will wait for at least ${count} nodes to join the cluster ...`,
    async run(broker, { operands: [count] }) {
      const { is_cluster: isCluster } = await get(broker, 'v1', 'cluster')
      if (count !== '1' && isCluster !== true) {
        throw failed('This broker is a node by itself: there are never more than one', 'Error:\n')
      }
      await awaitNodes(broker, Number(count))
    },
  }),
  check_running: command({
    banner: () => 'Checking if RabbitMQ is running on this node ...',
    run: checkRunning,
  }),
  is_running: command({ banner: () => 'Asking this node for its status ...', run: checkRunning }),
  is_booting: command({
    banner: () => 'Asking this node for its boot status ...',
    async run(broker) {
      const { state } = await get(broker, 'status')
      return state === 'starting'
        ? 'RabbitMQ on this node is booting'
        : 'RabbitMQ on this node is fully booted (check with is_running), stopped or has not started booting yet'
    },
  }),
  node_health_check: command({
    banner: () => 'Checking health of this node ...',
    run: checkRunning,
  }),
}

const checks: ShimCommands = {
  check_local_alarms: check(alarmsBanner, ['local-alarms'], 'This node reported no local alarms'),
  check_alarms: check(alarmsBanner, ['alarms'], noAlarms),
  alarms: command({
    banner: () => 'Asking this node to report any known resource alarms ...',
    async run(broker) {
      const { alarms = [] } = await get(broker, 'health', 'checks', 'alarms')
      const found = (alarms as Row[]).map(({ resource }) => `${String(resource)} alarm`)
      return { document: { alarms }, text: found.length === 0 ? noAlarms : found.join('\n') }
    },
  }),
  check_virtual_hosts: check(
    () => 'Checking if all vhosts are running on this node ...',
    ['virtual-hosts'],
    'This node reported all vhosts as running',
  ),
  check_if_node_is_quorum_critical: check(
    () => 'Checking if this node is critical for quorum of any quorum queues ...',
    ['node-is-quorum-critical'],
    onlyNode,
  ),
  check_if_node_is_mirror_sync_critical: check(
    () => 'Checking if this node is critical for data safety of any classic mirrored queues ...',
    ['node-is-quorum-critical'],
    onlyNode,
  ),
  check_if_metadata_store_is_initialized: check(
    () => 'Checking if the metadata store is initialized on this node ...',
    ['metadata-store', 'initialized'],
    'The metadata store on this node is initialized',
  ),
  check_port_listener: command({
    usage: '<port>',
    banner: ({ operands: [port] }) =>
      `Asking this node if there's an active listener on port ${port} ...`,
    async run(broker, { operands: [port] }) {
      const ports = (await listenersOf(broker)).map((each) => each.port)
      if (ports.includes(Number(port)))
        return `A listener for port ${port} is running on this node.`
      throw failed(
        `No listener for port ${port} is active on this node. Found listeners that use the following ports: ${ports.join(', ')}`,
      )
    },
  }),
  check_protocol_listener: command({
    usage: '<protocol>',
    banner: ({ operands: [protocol] }) =>
      `Asking this node if there's an active listener for protocol ${protocol} ...`,
    async run(broker, { operands: [protocol = ''] }) {
      const protocols = new Set((await listenersOf(broker)).map((each) => each.protocol))
      const { status } = await get(broker, 'health', 'checks', 'protocol-listener', protocol)
      if (status === 'ok') return `A listener for protocol ${protocol} is running on this node.`
      const found = [...protocols].toSorted().join(', ')
      throw failed(
        `No listener for protocol ${protocol} is active on this node. Found listeners for the following protocols: ${found}`,
        'Error:\n',
      )
    },
  }),
  check_port_connectivity: command({
    banner: () => 'Testing TCP connections to all active listeners on this node ...',
    async run(broker) {
      const listeners = await listenersOf(broker)
      for (const { ip_address: ip, port } of listeners) {
        if (await tryConnecting(ip, port)) continue
        throw failed(`Connection to port ${port} on this node failed`, 'Error:\n')
      }
      const ports = listeners.map(({ port }) => port).join(', ')
      return `Successfully connected to ports ${ports} on this node.`
    },
  }),
  check_certificate_expiration: command({
    options: ['--within', '--unit'],
    banner: () => 'Checking certificate expiration on this node ...',
    async run(broker, { options }) {
      const within = options.get('--within') ?? '4'
      const unit = options.get('--unit') ?? 'weeks'
      const path = ['health', 'checks', 'certificate-expiration', within, unit]
      const { status, reason } = await get(broker, ...path)
      if (status === 'ok') return `No certificates are expiring within ${within} ${unit}.`
      throw failed(String(reason), 'Error:\n')
    },
  }),
}

const own: ShimCommands = {
  version: command({ run: () => Promise.resolve(version) }),
  server_version: command({
    banner: () => 'Asking this node for its RabbitMQ version...',
    run: async (broker) => String((await get(broker, 'overview'))['rabbitmq_version']),
  }),
  listeners: command({
    banner: () => 'Asking this node to report its protocol listeners ...',
    async run(broker) {
      const listeners = await listenersOf(broker)
      const lines = listeners.map(
        ({ ip_address: ip, port, protocol }) =>
          `Interface: ${ip.includes(':') ? `[${ip}]` : ip}, port: ${port}, protocol: ${protocol}`,
      )
      return { document: { result: 'ok', listeners }, text: lines.join('\n') }
    },
  }),
  memory_breakdown: command({
    options: ['--unit'],
    banner: () => 'Reporting memory breakdown on this node...',
    async run(broker, { options }) {
      const unit = options.get('--unit') ?? 'gb'
      const size = unitSizes[unit]
      if (size === undefined) {
        const known = Object.keys(unitSizes).join(', ')
        throw new ShimError(exitCodes.usage, `unit '${unit}' is not supported: use ${known}`)
      }
      const { node } = await get(broker, 'overview')
      const { memory } = await get(broker, 'nodes', String(node), 'memory')
      const { total, strategy: _strategy, ...kinds } = memory as Row
      const { rss } = total as { readonly rss: number }
      const lines = Object.entries(kinds as Readonly<Record<string, number>>)
        .toSorted(([, a], [, b]) => b - a)
        .map(([kind, bytes]) => {
          const share = Math.round((bytes / rss) * 10_000) / 100
          return `${kind}: ${Math.round((bytes / size) * 10_000) / 10_000} ${unit} (${share}%)`
        })
      return { document: memory, text: lines.join('\n') }
    },
  }),
  log_location: command({
    banner: () => 'Log file location(s) on this node ...',
    run: () => Promise.resolve('<stdout>'),
  }),
}

/** As RabbitMQ has them. */
const unitSizes: Readonly<Record<string, number>> = {
  bytes: 1,
  kb: 1000,
  mb: 1_000_000,
  gb: 1_000_000_000,
}

async function awaitNodes(broker: BrokerClient, count: number): Promise<void> {
  const giveUpAt = systemClock.monotonic() + shimLimits.onlineMsMax
  for (;;) {
    const nodes = (await broker.ask('GET', ['nodes'])).body as readonly Row[]
    const running = nodes.filter((node) => node['running'] === true).length
    if (running >= count) return
    if (systemClock.monotonic() > giveUpAt) {
      throw failed(`${running} of ${count} nodes are there, and no more come`, 'Error:\n')
    }
    await pause(shimLimits.onlineLookMs)
  }
}

export const healthCommands: ShimCommands = { ...booted, ...checks, ...own }
