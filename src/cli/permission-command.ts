// `pabal permission`: what users may do in virtual hosts of the running broker.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { type Add, adderFor, change, type Flags, list, remove } from './access-requests.ts'
import { checkName } from './check-name.ts'
import type { DefineRemote } from './remote-command.ts'
import { outputOption } from './show-rows.ts'

const defaultVHost = '/'
const vhostOption = ['--vhost <NAME>', 'Virtual host (default: /)'] as const

export function addPermissionCommands(program: Command, define: DefineRemote): void {
  const summary = 'What users may do in virtual hosts; see docs/permissions.md'
  const add = adderFor(program, define, 'permission', summary)
  addPermissionCommand(add)
  addTopicCommands(add)
}

function addPermissionCommand(add: Add): void {
  const columns = ['vhost', 'user', 'configure', 'write', 'read']
  add(
    'list',
    'Show all permissions',
    list(['permissions'], { title: 'permissions', columns }),
  ).option(...outputOption)
  add(
    'set <USER> <CONFIGURE> <WRITE> <READ>',
    'Say by three patterns what a user may do',
    ([user = '', configure = '', write = '', read = ''], flags) => {
      const path = pathOf('permissions', user, flags)
      const body = { configure, write, read }
      return async (broker, print) => {
        await change(broker, ['PUT', path, body], `permissions of '${user}' were not set`)
        print(`Permissions of user '${user}' were set, and are in force`)
        return exitCodes.ok
      }
    },
  )
    .option(...vhostOption)
    .addHelpText('after', `\nExample: permission set app '^app\\.' '^app\\.' '^app\\.'`)
  add('clear <USER>', 'Take all permissions away', ([user = ''], flags) =>
    remove(
      pathOf('permissions', user, flags),
      `permissions of user '${user}'`,
      'pabal permission list',
    ),
  ).option(...vhostOption)
}

function addTopicCommands(add: Add): void {
  const columns = ['vhost', 'user', 'exchange', 'write', 'read']
  const shown = { title: 'topic permissions', columns }
  add('list-topics', 'Show all topic permissions', list(['topic-permissions'], shown)).option(
    ...outputOption,
  )
  add(
    'set-topic <USER> <EXCHANGE> <WRITE> <READ>',
    'Say by two patterns which routing keys of a topic exchange a user may use',
    ([user = '', exchange = '', write = '', read = ''], flags) => {
      const path = pathOf('topic-permissions', user, flags)
      const body = { exchange, write, read }
      return async (broker, print) => {
        await change(broker, ['PUT', path, body], `topic permissions of '${user}' were not set`)
        print(`Topic permissions of user '${user}' on exchange '${exchange}' were set`)
        return exitCodes.ok
      }
    },
  )
    .option(...vhostOption)
    .addHelpText('after', `\nExample: permission set-topic app amq.topic '^{username}\\.' '.*'`)
  add(
    'clear-topic <USER> [EXCHANGE]',
    'Take topic permissions away: of one exchange, or of all',
    ([user = '', exchange], flags) => {
      const path = pathOf('topic-permissions', user, flags)
      if (exchange !== undefined) path.push(checkName('exchange', exchange))
      const title = `topic permissions of user '${user}'`
      return remove(path, title, 'pabal permission list-topics')
    },
  ).option(...vhostOption)
}

function pathOf(kind: string, user: string, { vhost = defaultVHost }: Flags): string[] {
  return [kind, checkName('virtual host', vhost), checkName('user', user)]
}
