// The commands that stand in for rabbitmqctl's: the ones that health checks, compose files and set-up scripts
// call. Words are RabbitMQ's own.
import type { Answer, BrokerClient, Method } from '../cli/broker-client.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { version } from '../lib/version.ts'
import type { ShimArguments } from './shim-arguments.ts'
import { ShimError, shimExitCodes } from './shim-error.ts'
import type { Table } from './write-table.ts'

export interface ShimCommand {
  readonly usage: string
  readonly operandsMin: number
  readonly operandsMax: number
  readonly banner?: (asked: ShimArguments) => string
  /** Resolves with what to write. Rejects with a `ShimError` or an `ExitError`. */
  readonly run: (broker: BrokerClient, asked: ShimArguments) => Promise<Table | string | undefined>
}

type Row = Readonly<Record<string, unknown>>

/** A command and how many operands it has. */
function command(
  usage: string,
  banner: ShimCommand['banner'] | undefined,
  run: ShimCommand['run'],
): ShimCommand {
  const words = usage === '' ? [] : usage.split(' ')
  const needed = words.filter((word) => word.startsWith('<')).length
  const operandsMax = usage.includes('…') ? Infinity : words.length
  return { usage, operandsMin: needed, operandsMax, ...(banner && { banner }), run }
}

function refuse({ status, body }: Answer, missing: string, missingCode: number): void {
  if (status < 400) return
  if (status === 404) throw new ShimError(missingCode, missing)
  const { reason = `status ${status}` } = (body ?? {}) as { readonly reason?: string }
  throw new ShimError(exitCodes.usage, reason)
}

/** Changes something; `missing` is what is said where it is not there. */
async function change(
  broker: BrokerClient,
  [method, segments, body]: readonly [Method, readonly string[], unknown?],
  missing: string,
  missingCode: number = shimExitCodes.dataError,
): Promise<undefined> {
  refuse(await broker.ask(method, segments, body), missing, missingCode)
}

async function list(
  broker: BrokerClient,
  segments: readonly string[],
  columns: readonly string[],
  missing = 'Not found',
): Promise<Table> {
  const answer = await broker.ask('GET', segments)
  refuse(answer, missing, shimExitCodes.dataError)
  return { columns, rows: answer.body as Row[] }
}

const noUser = (name: string): string => `User "${name}" does not exist`
const noVHost = (name: string): string => `Virtual host '${name}' does not exist`

async function getUser(broker: BrokerClient, name: string): Promise<Row> {
  const answer = await broker.ask('GET', ['users', name])
  refuse(answer, noUser(name), shimExitCodes.noUser)
  return answer.body as Row
}

async function isReady(broker: BrokerClient): Promise<boolean> {
  const { body } = await broker.ask('GET', ['status'])
  return (body as Row)['state'] === 'ready'
}

async function checkRunning(broker: BrokerClient): Promise<string> {
  if (await isReady(broker)) return 'RabbitMQ on this node is fully booted and running'
  throw new ShimError(exitCodes.unavailable, 'RabbitMQ on this node is not running')
}

const ping: ShimCommand['run'] = async (broker) => {
  await broker.ask('GET', ['status'])
  return 'Ping succeeded'
}

const health: Readonly<Record<string, ShimCommand>> = {
  ping: command('', undefined, ping),
  check_running: command(
    '',
    () => 'Checking if RabbitMQ is running on this node ...',
    checkRunning,
  ),
  await_startup: command('', undefined, async (broker) => void (await checkRunning(broker))),
  check_local_alarms: command('', undefined, async (broker) => {
    const { body } = await broker.ask('GET', ['status'])
    const { blockedReason } = body as { readonly blockedReason?: string }
    if (blockedReason === undefined) return 'Node reported no local alarms'
    throw new ShimError(exitCodes.unavailable, `Node reported an alarm: ${blockedReason}`)
  }),
  status: command(
    '',
    () => 'Status of this node ...',
    async (broker) => {
      const { body } = await broker.ask('GET', ['status'])
      return JSON.stringify(body, undefined, 2)
    },
  ),
  version: command('', undefined, () => Promise.resolve(version)),
}

const users: Readonly<Record<string, ShimCommand>> = {
  list_users: command(
    '',
    () => 'Listing users ...',
    async (broker) => {
      const { rows } = await list(broker, ['users'], [])
      const columns = ['user', 'tags']
      return { columns, rows: rows.map(({ name, tags }) => ({ user: name, tags })) }
    },
  ),
  add_user: command(
    '<username> <password>',
    ({ operands: [name] }) => `Adding user "${name}" ...`,
    async (broker, { operands: [name = '', password = ''] }) => {
      const { status } = await broker.ask('GET', ['users', name])
      if (status === 200) throw new ShimError(exitCodes.software, `User "${name}" already exists`)
      await change(broker, ['PUT', ['users', name], { password, tags: '' }], noUser(name))
      return "Done. Don't forget to grant the user permissions to some virtual hosts! See 'rabbitmqctl help set_permissions' to learn more."
    },
  ),
  delete_user: command(
    '<username>',
    ({ operands: [name] }) => `Deleting user "${name}" ...`,
    (broker, { operands: [name = ''] }) =>
      change(broker, ['DELETE', ['users', name]], noUser(name), shimExitCodes.noUser),
  ),
  change_password: command(
    '<username> <password>',
    ({ operands: [name] }) => `Changing password for user "${name}" ...`,
    async (broker, { operands: [name = '', password = ''] }) => {
      const { tags } = await getUser(broker, name)
      return change(broker, ['PUT', ['users', name], { password, tags }], noUser(name))
    },
  ),
  set_user_tags: command(
    '<username> [tags…]',
    ({ operands: [name, ...tags] }) =>
      `Setting tags for user "${name}" to [${tags.join(', ')}] ...`,
    async (broker, { operands: [name = '', ...tags] }) => {
      const { password_hash, hashing_algorithm } = await getUser(broker, name)
      const secret = password_hash !== '' && { password_hash, hashing_algorithm }
      const body = { tags: tags.join(','), ...secret }
      return change(broker, ['PUT', ['users', name], body], noUser(name))
    },
  ),
}

const vhosts: Readonly<Record<string, ShimCommand>> = {
  list_vhosts: command(
    '[columns…]',
    () => 'Listing vhosts ...',
    (broker, { operands }) => list(broker, ['vhosts'], operands.length > 0 ? operands : ['name']),
  ),
  add_vhost: command(
    '<vhost>',
    ({ operands: [name] }) => `Adding vhost "${name}" ...`,
    (broker, { operands: [name = ''] }) => change(broker, ['PUT', ['vhosts', name], {}], ''),
  ),
  delete_vhost: command(
    '<vhost>',
    ({ operands: [name] }) => `Deleting vhost "${name}" ...`,
    (broker, { operands: [name = ''] }) =>
      change(broker, ['DELETE', ['vhosts', name]], noVHost(name)),
  ),
  set_permissions: command(
    '<username> <conf> <write> <read>',
    ({ operands: [name], vhost }) =>
      `Setting permissions for user "${name}" in vhost "${vhost}" ...`,
    async (broker, { vhost, operands: [name = '', configure, write, read] }) => {
      await getUser(broker, name)
      const path = ['permissions', vhost, name]
      return change(broker, ['PUT', path, { configure, write, read }], noVHost(vhost))
    },
  ),
  clear_permissions: command(
    '<username>',
    ({ operands: [name], vhost }) =>
      `Clearing permissions for user "${name}" in vhost "${vhost}" ...`,
    async (broker, { vhost, operands: [name = ''] }) => {
      await getUser(broker, name)
      // RabbitMQ is content when there were none.
      const { status, body } = await broker.ask('DELETE', ['permissions', vhost, name])
      if (status !== 404) refuse({ status, body }, noVHost(vhost), shimExitCodes.dataError)
      return undefined
    },
  ),
  list_permissions: command(
    '',
    ({ vhost }) => `Listing permissions for vhost "${vhost}" ...`,
    (broker, { vhost }) =>
      list(
        broker,
        ['vhosts', vhost, 'permissions'],
        ['user', 'configure', 'write', 'read'],
        noVHost(vhost),
      ),
  ),
}

const queues: Readonly<Record<string, ShimCommand>> = {
  list_queues: command(
    '[columns…]',
    ({ vhost }) => `Timeout: 60.0 seconds ...\nListing queues for vhost ${vhost} ...`,
    (broker, { vhost, operands }) =>
      list(
        broker,
        ['queues', vhost],
        operands.length > 0 ? operands : ['name', 'messages'],
        noVHost(vhost),
      ),
  ),
  set_policy: command(
    '<name> <pattern> <definition>',
    ({ operands: [name, pattern, definition], priority, vhost }) =>
      `Setting policy "${name}" for pattern "${pattern}" to "${definition}" with priority "${priority}" for vhost "${vhost}" ...`,
    (broker, { vhost, priority, applyTo, operands: [name = '', pattern, definition = ''] }) => {
      const body = { pattern, definition: readJson(definition), priority, 'apply-to': applyTo }
      return change(broker, ['PUT', ['policies', vhost, name], body], noVHost(vhost))
    },
  ),
  clear_policy: command(
    '<name>',
    ({ operands: [name], vhost }) => `Clearing policy "${name}" on vhost "${vhost}" ...`,
    (broker, { vhost, operands: [name = ''] }) =>
      change(broker, ['DELETE', ['policies', vhost, name]], 'Parameter does not exist'),
  ),
  list_policies: command(
    '',
    ({ vhost }) => `Listing policies for vhost "${vhost}" ...`,
    (broker, { vhost }) =>
      list(
        broker,
        ['policies', vhost],
        ['vhost', 'name', 'pattern', 'apply-to', 'definition', 'priority'],
        noVHost(vhost),
      ),
  ),
}

const parameters: Readonly<Record<string, ShimCommand>> = {
  set_global_parameter: command(
    '<name> <value>',
    ({ operands: [name, value] }) => `Setting global runtime parameter "${name}" to "${value}" ...`,
    (broker, { operands: [name = '', value = ''] }) => {
      const body = { value: readJson(value) }
      return change(broker, ['PUT', ['global-parameters', name], body], '')
    },
  ),
  clear_global_parameter: command(
    '<name>',
    ({ operands: [name] }) => `Clearing global runtime parameter "${name}" ...`,
    (broker, { operands: [name = ''] }) =>
      change(broker, ['DELETE', ['global-parameters', name]], 'Parameter does not exist'),
  ),
  list_global_parameters: command(
    '',
    () => 'Listing global runtime parameters ...',
    async (broker) => {
      const { columns, rows } = await list(broker, ['global-parameters'], ['name', 'value'])
      // RabbitMQ shows them as JSON, texts too.
      return { columns, rows: rows.map((row) => ({ ...row, value: JSON.stringify(row['value']) })) }
    },
  ),
  set_cluster_name: command(
    '<name>',
    ({ operands: [name] }) => `Setting cluster name to ${name} ...`,
    (broker, { operands: [name = ''] }) => change(broker, ['PUT', ['cluster-name'], { name }], ''),
  ),
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ShimError(shimExitCodes.dataError, `JSON decoding error of ${text}`)
  }
}

/** Name → command, in the order in which help shows them. */
export const commands: Readonly<Record<string, ShimCommand>> = {
  ...health,
  ...users,
  ...vhosts,
  ...queues,
  ...parameters,
}
