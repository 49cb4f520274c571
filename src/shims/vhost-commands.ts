// Virtual hosts and limits, of users too.
import type { BrokerClient } from '../cli/broker-client.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import {
  change,
  checkVHost,
  command,
  getUser,
  noUser,
  noVHost,
  pickColumns,
  readJson,
  rowsOf,
  type ShimCommands,
  type ShimResult,
} from './shim-command.ts'
import { ShimError } from './shim-error.ts'

const vhostColumns = [
  'name',
  'description',
  'tags',
  'default_queue_type',
  'protected_from_deletion',
  'tracing',
  'cluster_state',
  'metadata',
]

export const vhostCommands: ShimCommands = {
  list_vhosts: command({
    usage: '[columns…]',
    banner: () => 'Listing vhosts ...',
    run: async (broker, { operands }) =>
      pickColumns(await rowsOf(broker, ['vhosts']), operands.length > 0 ? operands : ['name'], {
        known: vhostColumns,
      }),
  }),
  add_vhost: command({
    usage: '<vhost>',
    options: ['--description', '--tags', '--default-queue-type'],
    banner: ({ operands: [name] }) => `Adding vhost "${name}" ...`,
    run(broker, { options, operands: [name = ''] }) {
      const [description, tags, type] = ['--description', '--tags', '--default-queue-type'].map(
        (option) => options.get(option),
      )
      const body = {
        ...(description !== undefined && { description }),
        ...(tags !== undefined && { tags }),
        ...(type !== undefined && { default_queue_type: type }),
      }
      return change(broker, ['PUT', ['vhosts', name], body], noVHost(name))
    },
  }),
  delete_vhost: command({
    usage: '<vhost>',
    banner: ({ operands: [name] }) => `Deleting vhost "${name}" ...`,
    run: (broker, { operands: [name = ''] }) =>
      change(broker, ['DELETE', ['vhosts', name]], noVHost(name)),
  }),
  set_vhost_limits: command({
    usage: '<definition>',
    banner: ({ vhost, operands: [definition] }) =>
      `Setting vhost limits to "${definition}" for vhost "${vhost}" ...`,
    async run(broker, { vhost, operands: [definition = ''] }) {
      await checkVHost(broker, vhost)
      return setLimits(broker, ['vhost-limits', vhost], definition)
    },
  }),
  clear_vhost_limits: command({
    banner: ({ vhost }) => `Clearing vhost "${vhost}" limits ...`,
    async run(broker, { vhost }) {
      await checkVHost(broker, vhost)
      return clearLimits(broker, ['vhost-limits', vhost])
    },
  }),
  list_vhost_limits: command({
    options: ['--global'],
    banner: ({ vhost, options }) =>
      options.has('--global')
        ? 'Listing limits for all vhosts ...'
        : `Listing limits for vhost "${vhost}" ...`,
    async run(broker, { vhost, options }) {
      if (options.has('--global')) return listLimits(broker, 'vhost')
      await checkVHost(broker, vhost)
      return showLimits(broker, ['vhost-limits', vhost], '')
    },
  }),
  set_user_limits: command({
    usage: '<username> <definition>',
    banner: ({ operands: [name, definition] }) =>
      `Setting user limits to "${definition}" for user "${name}" ...`,
    async run(broker, { operands: [name = '', definition = ''] }) {
      await getUser(broker, name)
      return setLimits(broker, ['user-limits', name], definition)
    },
  }),
  clear_user_limits: command({
    usage: '<username> <limit>',
    banner: ({ operands: [name, limit] }) =>
      limit === 'all'
        ? `Clearing all limits for user "${name}" ...`
        : `Clearing "${limit}" limit for user "${name}" ...`,
    async run(broker, { operands: [name = '', limit = ''] }) {
      await getUser(broker, name)
      const path = ['user-limits', name]
      return limit === 'all'
        ? clearLimits(broker, path)
        : change(broker, ['DELETE', [...path, limit]], noUser(name))
    },
  }),
  list_user_limits: command({
    options: ['--user', '--global'],
    banner: ({ options }) =>
      options.has('--global') || !options.has('--user')
        ? 'Listing limits for all users ...'
        : `Listing limits for user "${options.get('--user')}" ...`,
    async run(broker, { options }) {
      const name = options.get('--user')
      if (name === undefined || options.has('--global')) return listLimits(broker, 'user')
      await getUser(broker, name)
      return showLimits(broker, ['user-limits', name], '{}')
    },
  }),
}

interface LimitsRow {
  readonly value: Readonly<Record<string, number>>
}

async function limitsOf(
  broker: BrokerClient,
  path: readonly string[],
): Promise<LimitsRow['value']> {
  const [row] = (await rowsOf(broker, path)) as unknown as readonly LimitsRow[]
  return row?.value ?? {}
}

/** As RabbitMQ has it, those that are not named go. */
async function setLimits(
  broker: BrokerClient,
  path: readonly string[],
  definition: string,
): Promise<undefined> {
  const limits = readJson(definition)
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits)) {
    throw new ShimError(exitCodes.unavailable, `Limits are an object: ${definition}`)
  }
  for (const [limit, value] of Object.entries(limits)) {
    await change(broker, ['PUT', [...path, limit], { value }], noVHost(path[1] ?? ''))
  }
  for (const limit of Object.keys(await limitsOf(broker, path))) {
    if (!Object.hasOwn(limits, limit)) await broker.ask('DELETE', [...path, limit])
  }
}

async function clearLimits(broker: BrokerClient, path: readonly string[]): Promise<undefined> {
  for (const limit of Object.keys(await limitsOf(broker, path))) {
    await change(broker, ['DELETE', [...path, limit]], noVHost(path[1] ?? ''))
  }
}

async function showLimits(
  broker: BrokerClient,
  path: readonly string[],
  none: string,
): Promise<ShimResult> {
  const document = await limitsOf(broker, path)
  const isNone = Object.keys(document).length === 0
  return { document, text: isNone ? none : JSON.stringify(document) }
}

async function listLimits(broker: BrokerClient, key: 'vhost' | 'user'): Promise<ShimResult> {
  const rows = await rowsOf(broker, [`${key}-limits`])
  const columns = [key, 'limits']
  return { columns, rows: rows.map((row) => ({ [key]: row[key], limits: row['value'] })) }
}
