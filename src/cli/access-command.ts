// `pabal user`, `pabal vhost` and `pabal permission`: who exists in the running broker and may do what.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { readPasswordFile } from '../settings/settings-file.ts'
import type { BrokerClient, Method } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { outputOption, showRows, type ShownRows, wantsJson } from './show-rows.ts'

/** Flags; which of them there are depends on the command. */
interface Flags {
  readonly withoutPassword?: boolean
  readonly vhost?: string
  readonly tags?: string
  readonly newPasswordFile?: string
  readonly description?: string
  readonly defaultQueueType?: string
  readonly output?: string
}

type Add = (usage: string, summary: string, ask: Ask) => Command
type Ask = (operands: string[], flags: Flags) => AskBroker

const defaultVHost = '/'
const vhostOption = ['--vhost <NAME>', 'Virtual host (default: /)'] as const
const passwordOption = [
  '--new-password-file <FILE>',
  'File whose first line is the password',
] as const

export function addAccessCommands(program: Command, define: DefineRemote): void {
  addUserCommand(adderFor(program, define, 'user', 'Users; see docs/permissions.md'))
  addVHostCommand(adderFor(program, define, 'vhost', 'Virtual hosts; see docs/permissions.md'))
  const summary = 'What users may do in virtual hosts; see docs/permissions.md'
  addPermissionCommand(adderFor(program, define, 'permission', summary))
}

function adderFor(program: Command, define: DefineRemote, name: string, summary: string): Add {
  const parent = program
    .command(name)
    .description(summary)
    .action(() => {
      const text = `${name} is followed by another word; see pabal ${name} --help`
      throw new ExitError(exitCodes.usage, text)
    })
  return (usage, what, ask) =>
    define(parent, usage, {
      summary: what,
      ask,
    })
}

function addUserCommand(add: Add): void {
  const users = { title: 'users', columns: ['name', 'tags', 'limits'] }
  add('list', 'Show all users', list(['users'], users)).option(...outputOption)
  add('add <NAME>', 'Add a user, who may do nothing yet', ([name = ''], flags) => {
    const { tags = '', newPasswordFile, withoutPassword = false } = flags
    if ((newPasswordFile !== undefined) === withoutPassword) {
      const text =
        'give --new-password-file FILE, or --without-password for a client with a certificate'
      throw new ExitError(exitCodes.usage, `a user needs a password: ${text}`)
    }
    return async (broker, print) => {
      const path = ['users', checkName('user', name)]
      if ((await broker.ask('GET', path)).status === 200) {
        throw new ExitError(exitCodes.usage, `there is a user '${name}'; see pabal user password`)
      }
      const secret = newPasswordFile && { password: await readPasswordFile(newPasswordFile) }
      const body = { tags, ...secret }
      await change(broker, ['PUT', path, body], `user '${name}' was not added`)
      print(`User '${name}' was added; see pabal permission set`)
      return exitCodes.ok
    }
  })
    .option(...passwordOption)
    .option('--without-password', 'It logs in with a certificate only; see docs/tls.md')
    .option('--tags <TAGS>', 'Such as administrator; separated by commas')
  add('password <NAME>', "Change a user's password", ([name = ''], { newPasswordFile }) => {
    if (newPasswordFile === undefined) {
      throw new ExitError(exitCodes.usage, 'where is the password? give --new-password-file FILE')
    }
    return async (broker, print) => {
      const { tags } = await getUser(broker, name)
      const body = { tags, password: await readPasswordFile(newPasswordFile) }
      await change(broker, ['PUT', ['users', name], body], 'the password was not changed')
      print(`The password of user '${name}' was changed`)
      return exitCodes.ok
    }
  }).option(...passwordOption)
  add(
    'tags <NAME> [TAGS]',
    "Replace a user's tags; without any it has none",
    ([name = '', tags = '']) => {
      return async (broker, print) => {
        const { password_hash, hashing_algorithm } = await getUser(broker, name)
        const body = { tags, ...(password_hash !== '' && { password_hash, hashing_algorithm }) }
        await change(broker, ['PUT', ['users', name], body], 'the tags were not changed')
        print(`User '${name}' has the tags '${tags}' from the next login on`)
        return exitCodes.ok
      }
    },
  )
  add('delete <NAME>', 'Delete a user; its connections are closed', ([name = '']) =>
    remove(['users', checkName('user', name)], `user '${name}'`, 'pabal user list'),
  )
}

function addVHostCommand(add: Add): void {
  const columns = ['name', 'description', 'tags', 'default_queue_type']
  add(
    'list',
    'Show all virtual hosts',
    list(['vhosts'], { title: 'virtual hosts', columns }),
  ).option(...outputOption)
  add(
    'add <NAME>',
    'Add a virtual host, or change what it was added with',
    ([name = ''], flags) => {
      const { description, tags, defaultQueueType: type } = flags
      const body = {
        ...(description !== undefined && { description }),
        ...(tags !== undefined && { tags }),
        ...(type !== undefined && { default_queue_type: type }),
      }
      const request = ['PUT', ['vhosts', checkName('virtual host', name)], body] as const
      return async (broker, print) => {
        const status = await change(broker, request, `virtual host '${name}' was not added`)
        print(`Virtual host '${name}' was ${status === 201 ? 'added' : 'changed'}`)
        return exitCodes.ok
      }
    },
  )
    .option('--description <TEXT>', 'What it is for')
    .option('--tags <TAGS>', 'Words to find it by; separated by commas')
    .option('--default-queue-type <TYPE>', 'Of queues without one: classic, quorum or stream')
  add('delete <NAME>', 'Delete a virtual host and all in it', ([name = '']) =>
    remove(
      ['vhosts', checkName('virtual host', name)],
      `virtual host '${name}'`,
      'pabal vhost list',
    ),
  )
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
      const path = permissionPath(user, flags)
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
    remove(permissionPath(user, flags), `permissions of user '${user}'`, 'pabal permission list'),
  ).option(...vhostOption)
}

function permissionPath(user: string, { vhost = defaultVHost }: Flags): string[] {
  return ['permissions', checkName('virtual host', vhost), checkName('user', user)]
}

function list(path: readonly string[], shown: Omit<ShownRows, 'rows'>): Ask {
  return (_operands, { output }) => {
    const isJson = wantsJson(output)
    return async (broker, print) => {
      const { body } = await broker.ask('GET', path)
      showRows({ ...shown, rows: body as ShownRows['rows'] }, isJson, print)
      return exitCodes.ok
    }
  }
}

function remove(path: readonly string[], title: string, whereToLook: string): AskBroker {
  return async (broker, print) => {
    const answer = await broker.ask('DELETE', path)
    if (answer.status === 404) throw refusal(answer, `there is no ${title}; see ${whereToLook}`)
    if (answer.status >= 400) throw refusal(answer, `${title} stays`)
    print(`Deleted: ${title}`)
    return exitCodes.ok
  }
}

type Request = readonly [method: Method, path: readonly string[], body: unknown]

/** The status of what went well. */
async function change(broker: BrokerClient, request: Request, problem: string): Promise<number> {
  const answer = await broker.ask(...request)
  if (answer.status >= 400) throw refusal(answer, problem)
  return answer.status
}

interface User {
  readonly tags: readonly string[]
  readonly password_hash: string
  readonly hashing_algorithm: string
}

async function getUser(broker: BrokerClient, name: string): Promise<User> {
  const answer = await broker.ask('GET', ['users', checkName('user', name)])
  if (answer.status >= 400) throw refusal(answer, `there is no user '${name}'; see pabal user list`)
  return answer.body as User
}
