/**
 * RabbitMQ from Debian's package, as a plain child process with its defaults: no systemd, no touch of
 * the system's own node, its data or its epmd. Node name, ports, folders and cookie are the run's own.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { BrokerSystem, RunningBroker } from './broker-system.ts'
import { answers } from './handshake.ts'
import { accepts, freePorts, HOST } from './ports.ts'
import { startChild, type RunningChild } from './start-child.ts'

/** Debian's. */
export const rabbitmqServerScript = '/usr/lib/rabbitmq/bin/rabbitmq-server'
const START_TIMEOUT_MS = 600_000

/** With its defaults. */
export function rabbitmqSystem(): BrokerSystem {
  return {
    name: 'rabbitmq',
    protocols: ['amqp'],
    settings: {},
    version: installedVersion,
    prepare: expectInstalled,
    start: (folder) => startRabbitmq(folder),
  }
}

/** With the plugins of other protocols, apart, so that figures of AMQP are of a node without them. */
export function rabbitmqPluginsSystem(): BrokerSystem {
  return {
    ...rabbitmqSystem(),
    name: 'rabbitmq-plugins',
    protocols: ['mqtt', 'stomp'],
    settings: { plugins: 'rabbitmq_mqtt and rabbitmq_stomp' },
    start: async (folder) => {
      const [mqttPort, stompPort] = await freePorts(2)
      return startRabbitmq(folder, undefined, { mqttPort, stompPort })
    },
  }
}

/** Of Debian's packages; the server itself only tells a client. */
function installedVersion(): string {
  const [rabbitmq, erlang] = ['rabbitmq-server', 'erlang-base'].map((name) =>
    spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' }).stdout.trim(),
  )
  return `RabbitMQ ${rabbitmq || 'unknown'}, Erlang ${erlang || 'unknown'}`
}

function expectInstalled(): void {
  if (existsSync(rabbitmqServerScript)) return
  throw new Error(
    'RabbitMQ is not installed. On Debian: apt-get install rabbitmq-server' +
      ' (its service is not needed: systemctl disable --now rabbitmq-server);' +
      ' or leave it out with --systems',
  )
}

/** A node that commands can be given to. */
export interface RabbitmqNode extends RunningBroker {
  readonly amqpPort: number
  /** Its commands find it by these variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Runs rabbitmqctl on it and resolves with what that prints. Rejects when it fails. */
  control(...args: string[]): Promise<string>
}

/** What is served beside AMQP, by plugins of RabbitMQ, and where. */
export interface RabbitmqPlugins {
  readonly mqttPort?: number
  readonly stompPort?: number
}

/**
 * Starts a node on `folder`; resolves when it takes connections. `managementPort`: where its management API
 * is to be; without it there is none.
 */
export async function startRabbitmq(
  folder: string,
  managementPort?: number,
  plugins: RabbitmqPlugins = {},
): Promise<RabbitmqNode> {
  mkdirSync(folder, { recursive: true })
  const [amqpPort, distPort, epmdPort] = await freePorts(3)
  const env = {
    ...environment(folder, { amqpPort, distPort, epmdPort }),
    ...enablePlugins(folder, managementPort, plugins),
  }
  // Started by us and in the foreground, epmd can be stopped with the broker; Erlang's own start of it
  // would leave a daemon behind.
  const epmd = startChild({
    command: 'epmd',
    args: ['-port', String(epmdPort), '-address', HOST],
    env,
    logFile: join(folder, 'epmd.log'),
  })
  await epmd.waitUntil(() => accepts(epmdPort), START_TIMEOUT_MS)
  const server = startChild({
    command: rabbitmqServerScript,
    args: [],
    env,
    cwd: folder,
    logFile: join(folder, 'rabbitmq.log'),
  })
  try {
    await server.waitUntil(() => answers('amqp', amqpPort), START_TIMEOUT_MS)
    for (const port of [plugins.mqttPort, plugins.stompPort])
      if (port !== undefined) await server.waitUntil(() => accepts(port), START_TIMEOUT_MS)
  } catch (error) {
    await stopBoth(server, epmd, 'SIGKILL')
    throw error
  }
  return {
    pid: server.pid,
    env,
    amqpPort,
    kafkaPort: undefined,
    ...plugins,
    readyMs: performance.now() - server.startedAt,
    logTail: () => server.logTail(),
    control: async (...args) => {
      const script = join(dirname(rabbitmqServerScript), 'rabbitmqctl')
      return (await promisify(execFile)(script, ['--quiet', ...args], { env, cwd: folder })).stdout
    },
    stop: (signal) => stopBoth(server, epmd, signal),
  }
}

/** What the environment has to say for them. */
function enablePlugins(
  folder: string,
  managementPort: number | undefined,
  { mqttPort, stompPort }: RabbitmqPlugins,
): Record<string, string> {
  const all: readonly (readonly [string, number | undefined, readonly string[]])[] = [
    [
      'rabbitmq_management',
      managementPort,
      [
        `management.tcp.ip = ${HOST}`,
        `management.tcp.port = ${managementPort}`,
        // Milliseconds: who asks for them does not wait five seconds.
        'collect_statistics_interval = 500',
      ],
    ],
    ['rabbitmq_mqtt', mqttPort, [`mqtt.listeners.tcp.local = ${HOST}:${mqttPort}`]],
    ['rabbitmq_stomp', stompPort, [`stomp.listeners.tcp.local = ${HOST}:${stompPort}`]],
  ]
  const wanted = all.filter(([, port]) => port !== undefined)
  if (wanted.length === 0) return {}
  const config = join(folder, 'rabbitmq.conf')
  const lines = wanted.flatMap(([, , settings]) => settings)
  writeFileSync(config, lines.map((line) => `${line}\n`).join(''))
  const names = wanted.map(([name]) => name)
  writeFileSync(join(folder, 'enabled_plugins'), `[${names.join(',')}].`)
  return { RABBITMQ_CONFIG_FILE: config }
}

async function stopBoth(
  server: RunningChild,
  epmd: RunningChild,
  signal: NodeJS.Signals,
): Promise<void> {
  await server.stop(signal)
  await epmd.stop('SIGTERM')
}

type Ports = { readonly amqpPort: number; readonly distPort: number; readonly epmdPort: number }

function environment(folder: string, ports: Ports): Record<string, string | undefined> {
  const none = join(folder, 'no-such-file')
  return {
    PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/usr/sbin`,
    LANG: 'C.UTF-8',
    HOME: folder,
    ERL_EPMD_PORT: String(ports.epmdPort),
    ERL_EPMD_ADDRESS: HOST,
    RABBITMQ_NODENAME: 'bench@localhost',
    RABBITMQ_NODE_IP_ADDRESS: HOST,
    RABBITMQ_NODE_PORT: String(ports.amqpPort),
    RABBITMQ_DIST_PORT: String(ports.distPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'config'),
    // The machine's own configuration must not count.
    RABBITMQ_CONF_ENV_FILE: none,
    RABBITMQ_CONFIG_FILE: none,
    RABBITMQ_ADVANCED_CONFIG_FILE: none,
    // Makes the start script exec the VM: its pid is then the child's, and SIGTERM reaches it.
    RUNNING_UNDER_SYSTEMD: 'true',
  }
}
