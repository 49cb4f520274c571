// `pabal permission`: what users may do in virtual hosts of the running broker.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { type Add, adderFor, type Doomed, type Flags, list, remove } from './access-requests.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions } from './confirm.ts'
import { kinds, notThere } from './not-there.ts'
import { addPermissionTestCommand } from './permission-test-command.ts'
import { refusal } from './refusal.ts'
import type { AddCommand } from './remote-command.ts'
import { outputOption } from './show-rows.ts'

const defaultVHost = '/'
const vhostOption = ['--vhost <NAME>', 'Virtual host (default: /)'] as const
const onlyOption = ['--vhost <NAME>', 'The only virtual host to look at'] as const

export const addPermissionCommands: AddCommand = (permission, remote, local, whole) => {
  const add = adderFor(permission, remote)
  addPermissionCommand(add)
  addTopicCommands(add)
  addPermissionTestCommand(permission, remote, local, whole)
}

function addPermissionCommand(add: Add): void {
  const columns = ['vhost', 'user', 'configure', 'write', 'read']
  add(
    'list',
    'Show all permissions, or those in one virtual host',
    list(['permissions'], { title: 'permissions', columns, nameKey: 'user' }),
  )
    .alias('ls')
    .option(...onlyOption)
    .option(...outputOption)
  add(
    'set <USER> <CONFIGURE> <WRITE> <READ>',
    'Say by three patterns what a user may do',
    ([user = '', configure = '', write = '', read = ''], flags) => {
      const path = pathOf('permissions', user, flags)
      const body = { configure, write, read }
      return async (broker, { print }) => {
        await put(broker, path, body)
        print(`Permissions of user '${user}' were set, and are in force`)
        return exitCodes.ok
      }
    },
  )
    .option(...vhostOption)
    .addHelpText('after', `\nExample: permission set app '^app\\.' '^app\\.' '^app\\.'`)
  const clearing = add(
    'clear <USER>',
    'Take the permissions in a virtual host away',
    ([user = ''], flags) => {
      const title = `permissions of user '${user}' in virtual host '${flags.vhost ?? defaultVHost}'`
      return remove(doomed(pathOf('permissions', user, flags), title, 'permission list'), flags)
    },
  ).option(...vhostOption)
  addRiskOptions(clearing)
}

/** That there are none says nothing of the user or the virtual host. */
function doomed(path: readonly string[], title: string, listCommand: string): Doomed {
  return {
    path,
    title,
    explain: async (broker) => nothingFound(broker, title, listCommand),
  }
}

function nothingFound(broker: BrokerClient, title: string, listCommand: string): ExitError {
  const advice = `see ${broker.commandLine(listCommand)}`
  return new ExitError(exitCodes.noInput, `no ${title} found; ${advice}`)
}

function addTopicCommands(add: Add): void {
  const columns = ['vhost', 'user', 'exchange', 'write', 'read']
  const shown = { title: 'topic permissions', columns, nameKey: 'user' }
  add(
    'list-topics',
    'Show all topic permissions, or those in one virtual host',
    list(['topic-permissions'], shown),
  )
    .option(...onlyOption)
    .option(...outputOption)
  add(
    'set-topic <USER> <EXCHANGE> <WRITE> <READ>',
    'Say by two patterns which routing keys of a topic exchange a user may use',
    ([user = '', exchange = '', write = '', read = ''], flags) => {
      const path = pathOf('topic-permissions', user, flags)
      const body = { exchange, write, read }
      return async (broker, { print }) => {
        await put(broker, path, body)
        print(`Topic permissions of user '${user}' on exchange '${exchange}' were set`)
        return exitCodes.ok
      }
    },
  )
    .option(...vhostOption)
    .addHelpText('after', `\nExample: permission set-topic app amq.topic '^{username}\\.' '.*'`)
  const clearing = add(
    'clear-topic <USER> [EXCHANGE]',
    'Take topic permissions away: of one exchange, or of all',
    ([user = '', exchange], flags) => {
      const place = pathOf('topic-permissions', user, flags)
      const title = `topic permissions of user '${user}'`
      if (exchange === undefined) return remove(doomed(place, title, topicList), flags)
      const ofOne = `${title} on exchange '${exchange}'`
      const path = [...place, checkName('exchange', exchange)]
      const removeOne = remove(doomed(path, ofOne, topicList), flags)
      return async (broker, terminal, session) => {
        // The broker answers, as RabbitMQ does, whether the user has any at all.
        const { body } = await broker.ask('GET', place)
        const rows = Array.isArray(body) ? (body as { readonly exchange: string }[]) : []
        if (!rows.some((row) => row.exchange === exchange)) {
          throw nothingFound(broker, ofOne, topicList)
        }
        return removeOne(broker, terminal, session)
      }
    },
  ).option(...vhostOption)
  addRiskOptions(clearing)
}

const topicList = 'permission list-topics'

/** Of what the path of a permission names, RabbitMQ says only that something is missing. */
async function put(broker: BrokerClient, path: readonly string[], body: object): Promise<void> {
  const [kind = '', vhost = '', user = ''] = path
  const problem = `${kind.replace('-', ' ')} of '${user}' were not set`
  const answer = await broker.ask('PUT', path, body)
  if (answer.status < 400) return
  if ((answer.body as { readonly reason?: string }).reason !== 'vhost_or_user_not_found') {
    throw refusal(answer, problem)
  }
  const isUserThere = (await broker.ask('GET', ['users', user])).status < 400
  const missing = isUserThere
    ? { kind: kinds.vhost, name: vhost }
    : { kind: kinds.user, name: user }
  const { message, exitCode } = await notThere(broker, missing)
  throw new ExitError(exitCode, `${problem}: ${message}`)
}

function pathOf(kind: string, user: string, { vhost = defaultVHost }: Flags): string[] {
  return [kind, checkName('virtual host', vhost), checkName('user', user)]
}
