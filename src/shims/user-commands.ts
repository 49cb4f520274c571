// Users, their tags, and what they may do.
import type { BrokerClient } from '../cli/broker-client.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import type { ShimArguments } from './shim-arguments.ts'
import {
  change,
  command,
  getUser,
  noUser,
  noVHost,
  type ReadInput,
  refuse,
  rowsOf,
  type ShimCommands,
} from './shim-command.ts'
import { ShimError, shimExitCodes } from './shim-error.ts'
import type { Row } from './write-table.ts'

const done =
  "Done. Don't forget to grant the user permissions to some virtual hosts! See 'rabbitmqctl help set_permissions' to learn more."

const named =
  (text: (name: string, asked: ShimArguments) => string) =>
  (asked: ShimArguments): string =>
    `${text(asked.operands[0] ?? '', asked)} ...`

export const userCommands: ShimCommands = {
  list_users: command({
    banner: () => 'Listing users ...',
    async run(broker) {
      const rows = await rowsOf(broker, ['users'])
      const columns = ['user', 'tags']
      return { columns, rows: rows.map(({ name, tags }) => ({ user: name, tags })) }
    },
  }),
  add_user: command({
    usage: '<username> [password]',
    banner: named((name) => `Adding user "${name}"`),
    async run(broker, { operands: [name = '', given] }, input) {
      const password = given ?? (await readPassword(input))
      const { status } = await broker.ask('GET', ['users', name])
      if (status === 200) throw new ShimError(exitCodes.software, `User "${name}" already exists`)
      await change(broker, ['PUT', ['users', name], { password, tags: '' }], noUser(name))
      return done
    },
  }),
  delete_user: command({
    usage: '<username>',
    banner: named((name) => `Deleting user "${name}"`),
    run: (broker, { operands: [name = ''] }) =>
      change(broker, ['DELETE', ['users', name]], noUser(name)),
  }),
  change_password: command({
    usage: '<username> [password]',
    banner: named((name) => `Changing password for user "${name}"`),
    async run(broker, { operands: [name = '', given] }, input) {
      const password = given ?? (await readPassword(input))
      const { tags } = await getUser(broker, name)
      return change(broker, ['PUT', ['users', name], { password, tags }], noUser(name))
    },
  }),
  clear_password: command({
    usage: '<username>',
    banner: named((name) => `Clearing password for user "${name}"`),
    async run(broker, { operands: [name = ''] }) {
      const { tags } = await getUser(broker, name)
      return change(broker, ['PUT', ['users', name], { password_hash: '', tags }], noUser(name))
    },
  }),
  hash_password: command({
    usage: '<password>',
    banner: () => 'Will hash password',
    async run(broker, { operands: [password = ''] }) {
      const { body } = await broker.ask('GET', ['auth', 'hash_password', password])
      return (body as { readonly ok: string }).ok
    },
  }),
  set_user_tags: command({
    usage: '<username> [tags…]',
    banner: named(
      (name, { operands: [, ...tags] }) =>
        `Setting tags for user "${name}" to [${tags.join(', ')}]`,
    ),
    async run(broker, { operands: [name = '', ...tags] }) {
      const { password_hash, hashing_algorithm } = await getUser(broker, name)
      const secret = password_hash !== '' && { password_hash, hashing_algorithm }
      const body = { tags: tags.join(','), ...secret }
      return change(broker, ['PUT', ['users', name], body], noUser(name))
    },
  }),
  ...permissionCommands(),
  ...topicPermissionCommands(),
}

/** A password that is not on the command line is the first line of the input. */
async function readPassword(input: ReadInput): Promise<string> {
  const [password = ''] = (await input()).split(/\r?\n/)
  if (password !== '') return password
  const problem = 'Password is not provided via argument or stdin'
  throw new ShimError(shimExitCodes.dataError, problem)
}

const columns = ['configure', 'write', 'read']

function permissionCommands(): ShimCommands {
  return {
    set_permissions: command({
      usage: '<username> <conf> <write> <read>',
      banner: named(
        (name, { vhost }) => `Setting permissions for user "${name}" in vhost "${vhost}"`,
      ),
      async run(broker, { vhost, operands: [name = '', configure, write, read] }) {
        await checkEnds(broker, vhost, name)
        const path = ['permissions', vhost, name]
        return change(broker, ['PUT', path, { configure, write, read }], noVHost(vhost))
      },
    }),
    clear_permissions: command({
      usage: '<username>',
      banner: named(
        (name, { vhost }) => `Clearing permissions for user "${name}" in vhost "${vhost}"`,
      ),
      async run(broker, { vhost, operands: [name = ''] }) {
        await checkEnds(broker, vhost, name)
        // RabbitMQ is content when there were none.
        const answer = await broker.ask('DELETE', ['permissions', vhost, name])
        if (answer.status !== 404) refuse(answer, noVHost(vhost))
        return undefined
      },
    }),
    list_permissions: command({
      banner: ({ vhost }) => `Listing permissions for vhost "${vhost}" ...`,
      run: async (broker, { vhost }) => ({
        columns: ['user', ...columns],
        rows: await rowsOf(broker, ['vhosts', vhost, 'permissions'], noVHost(vhost)),
      }),
    }),
    list_user_permissions: command({
      usage: '<username>',
      banner: named((name) => `Listing permissions for user "${name}"`),
      run: async (broker, { operands: [name = ''] }) => ({
        columns: ['vhost', ...columns],
        rows: await rowsOfUser(broker, name, 'permissions'),
      }),
    }),
  }
}

function topicPermissionCommands(): ShimCommands {
  return {
    set_topic_permissions: command({
      usage: '<username> <exchange> <write> <read>',
      banner: ({ vhost, operands: [name, exchange] }) =>
        `Setting topic permissions on "${exchange}" for user "${name}" in vhost "${vhost}" ...`,
      async run(broker, { vhost, operands: [name = '', exchange, write, read] }) {
        await checkEnds(broker, vhost, name)
        const path = ['topic-permissions', vhost, name]
        return change(broker, ['PUT', path, { exchange, write, read }], noVHost(vhost))
      },
    }),
    clear_topic_permissions: command({
      usage: '<username> [exchange]',
      banner: ({ vhost, operands: [name, exchange] }) => {
        const on = exchange === undefined ? '' : ` on "${exchange}"`
        return `Clearing topic permissions${on} for user "${name}" in vhost "${vhost}" ...`
      },
      async run(broker, { vhost, operands: [name = '', ...exchange] }) {
        await checkEnds(broker, vhost, name)
        const path = ['topic-permissions', vhost, name, ...exchange]
        const answer = await broker.ask('DELETE', path)
        if (answer.status !== 404) refuse(answer, noVHost(vhost))
        return undefined
      },
    }),
    list_topic_permissions: command({
      banner: ({ vhost }) => `Listing topic permissions for vhost "${vhost}" ...`,
      run: async (broker, { vhost }) => ({
        columns: ['user', 'exchange', 'write', 'read'],
        rows: await rowsOf(broker, ['vhosts', vhost, 'topic-permissions'], noVHost(vhost)),
      }),
    }),
    list_user_topic_permissions: command({
      usage: '<username>',
      banner: named((name) => `Listing topic permissions for user "${name}"`),
      run: async (broker, { operands: [name = ''] }) => ({
        columns: ['vhost', 'exchange', 'write', 'read'],
        rows: await rowsOfUser(broker, name, 'topic-permissions'),
      }),
    }),
  }
}

/** RabbitMQ looks at the user first, and has words of their own for both. */
async function checkEnds(broker: BrokerClient, vhost: string, name: string): Promise<void> {
  refuse(await broker.ask('GET', ['users', name]), {
    message: `User ${name} does not exist`,
    exitCode: shimExitCodes.noUser,
  })
  refuse(await broker.ask('GET', ['vhosts', vhost]), {
    message: `Virtual host ${vhost} does not exist`,
    exitCode: exitCodes.unavailable,
  })
}

async function rowsOfUser(
  broker: BrokerClient,
  name: string,
  what: string,
): Promise<readonly Row[]> {
  await getUser(broker, name)
  return rowsOf(broker, ['users', name, what])
}
