// `pabal cluster dev`: a first look at a cluster, on one machine and in one command.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../../lib/exit-error.ts'
import { systemRandom } from '../../lib/random.ts'
import { clusterDevLimits } from '../../limits/cluster-dev.ts'
import { lockDataFolder } from '../../meta/data-folder-lock.ts'
import { findDataFolder } from '../../settings/load-config.ts'
import type { Action, AddCommand, CommandFlags, Session } from '../remote-command.ts'
import { watchStopRequests } from '../stop-requests.ts'
import { DevCluster, type DevClusterPlan } from './dev-cluster.ts'
import { findPostgres, type PostgresUser, postgresUser } from './find-postgres.ts'
import type { WantedPorts } from './node-ports.ts'

interface Flags extends CommandFlags {
  readonly nodes?: string
  readonly amqpPort?: string
  readonly kafkaPort?: string
  readonly httpPort?: string
  readonly mqttPort?: string
  readonly stompPort?: string
  readonly standby?: boolean
  readonly fresh?: boolean
}

const { nodesDefault, nodesMax } = clusterDevLimits
const lockName = 'lock.db'

export const addClusterDevCommand: AddCommand = (command, _remote, local) => {
  local(command, 'dev', {
    summary:
      'Start a whole one on this machine, to try it: kill nodes and see that nothing is lost',
    hasDataFolder: true,
    run: (_operands, flags) => clusterDev(flags as Flags),
  })
    .option('--nodes <N>', `How many (default: ${nodesDefault})`)
    .option('--amqp-port <PORT>', 'Of the first node for AMQP (default: 5672, or a free one)')
    .option('--kafka-port <PORT>', 'Of the first node for Kafka (default: 9092, or a free one)')
    .option('--http-port <PORT>', 'Of the first node for web pages (default: 15672, or a free one)')
    .option('--mqtt-port <PORT>', 'Of the first node for MQTT (default: 1883, or a free one)')
    .option('--stomp-port <PORT>', 'Of the first node for STOMP (default: 61613, or a free one)')
    .option('--standby', 'Start a second PostgreSQL that has each commit before it is confirmed')
    .option('--fresh', 'Remove what an earlier run has left')
    .addHelpText(
      'after',
      `
It starts PostgreSQL, whose programs have to be on this machine, a store that speaks S3, and
nodes, with their data in the folder cluster-dev below the data folder. Clients connect to any
node; each has ports of its own, which follow those of the first, or free ones where these are
taken. What is killed is started again. Ctrl-C stops all.
It is no way to run a cluster: all of it is on one disk. See docs/cluster.md.`,
    )
}

function clusterDev(flags: Flags): Action {
  const nodeCount = readNumber('nodes', flags.nodes ?? `${nodesDefault}`, [1, nodesMax])
  const ports: WantedPorts = {
    amqp: readPort('amqp-port', flags.amqpPort),
    kafka: readPort('kafka-port', flags.kafkaPort),
    http: readPort('http-port', flags.httpPort),
    mqtt: readPort('mqtt-port', flags.mqttPort),
    stomp: readPort('stomp-port', flags.stompPort),
  }
  return async (session) => {
    const programs = findPostgres(session.environment['PATH'])
    if (programs === undefined) {
      throw new ExitError(
        exitCodes.unavailable,
        'PostgreSQL is not on this machine: apt install postgresql, or put its initdb on the PATH',
      )
    }
    const user = findUser()
    const folder = path.join(await findDataFolder(session), 'cluster-dev')
    const logs = path.join(folder, 'logs')
    const objects = path.join(folder, 'objects')
    // PostgreSQL's user passes through; what others may not read is in folders of its own.
    mkdirSync(folder, { recursive: true, mode: 0o711 })
    using _lock = lockDataFolder(folder)
    const isFresh = flags.fresh === true
    if (isFresh) empty(folder)
    rmSync(logs, { recursive: true, force: true })
    for (const own of [logs, objects]) mkdirSync(own, { recursive: true, mode: 0o700 })
    const postgresFolder = makePostgresFolder(folder, user, { isNew: isFresh, suffix: '' })
    // Copied anew each time: an earlier one may miss what the primary has removed since.
    const copied = { isNew: true, suffix: '-standby' }
    const standbyFolder =
      flags.standby === true ? makePostgresFolder(folder, user, copied) : undefined
    const environment = environmentOfNodes(session.environment)
    const word = session.environment['npm_lifecycle_event'] === undefined ? 'pabal' : 'npm start --'
    const place = { folder, postgresFolder, standbyFolder, logs, objects }
    const how = { nodeCount, ports, programs, user, environment, word }
    return await runCluster(session, { ...place, ...how })
  }
}

/** Until somebody wants it to end. */
async function runCluster(session: Session, plan: DevClusterPlan): Promise<ExitCode> {
  const { terminal, environment } = session
  const cluster = new DevCluster(plan, { clock: systemClock, random: systemRandom, terminal })
  const parentPid = Number(environment['PABAL_PARENT_PID'] ?? 0) || undefined
  const stopped = new Promise<'stopped'>((resolve) => {
    watchStopRequests(systemClock, parentPid, {
      onStop: () => resolve('stopped'),
      onForce: (exitCode) => {
        cluster.kill()
        process.exit(exitCode)
      },
    })
  })
  try {
    const starting = cluster.start()
    starting.catch(() => undefined)
    await Promise.race([starting, stopped, cluster.failed])
    await Promise.race([stopped, cluster.failed])
    return exitCodes.ok
  } finally {
    terminal.showProgress('Stopping…')
    await cluster.stop()
    terminal.tell('Everything has stopped')
  }
}

function empty(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(lockName)) continue
    rmSync(path.join(folder, name), { recursive: true, force: true, maxRetries: 5 })
  }
}

function findUser(): PostgresUser | undefined {
  try {
    return postgresUser()
  } catch {
    throw new ExitError(
      exitCodes.notPermitted,
      'PostgreSQL does not run as root, and there is no user postgres: start this as another user',
    )
  }
}

/** PostgreSQL's own: below the others', or where its user does not get there, in /var/tmp. */
function makePostgresFolder(
  folder: string,
  user: PostgresUser | undefined,
  { isNew, suffix }: { readonly isNew: boolean; readonly suffix: string },
): string {
  const usual = path.join(folder, `postgresql${suffix}`)
  mkdirSync(usual, { recursive: true, mode: 0o700 })
  if (isNew) empty(usual)
  if (user === undefined) return usual
  chownSync(usual, user.uid, user.gid)
  if (spawnSync('test', ['-w', usual], { stdio: 'ignore', ...user }).status === 0) return usual
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  const other = `/var/tmp/pabal-cluster-dev-${name}${suffix}`
  mkdirSync(other, { recursive: true, mode: 0o700 })
  const found = lstatSync(other)
  // Everybody may make folders there.
  if (!found.isDirectory() || ![0, user.uid].includes(found.uid)) {
    throw new ExitError(
      exitCodes.cannotCreate,
      `${other} is somebody else's: choose another --data`,
    )
  }
  chownSync(other, user.uid, user.gid)
  if (isNew) empty(other)
  return other
}

/** Settings and credentials of whoever runs this are for others. */
function environmentOfNodes(environment: Session['environment']): Session['environment'] {
  const others = Object.entries(environment).filter(([name]) => !/^(?:PABAL|AWS)_/.test(name))
  // The store takes any, and the library looks for some.
  const credentials = { AWS_ACCESS_KEY_ID: 'dev', AWS_SECRET_ACCESS_KEY: 'dev' }
  return { ...Object.fromEntries(others), ...credentials }
}

function readPort(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : readNumber(name, text, [0, 65_535])
}

function readNumber(
  name: string,
  text: string,
  [min, max]: readonly [min: number, max: number],
): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : -1
  if (number >= min && number <= max) return number
  throw new ExitError(
    exitCodes.usage,
    `--${name} cannot be '${text}': use a number from ${min} to ${max}`,
  )
}
