// `pabal user`: who may log in to the running broker.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { readPasswordFile } from '../settings/settings-file.ts'
import { type Add, adderFor, addLimitCommand, change, list, remove } from './access-requests.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions } from './confirm.ts'
import { kinds, notThere } from './not-there.ts'
import type { AddCommand } from './remote-command.ts'
import { outputOption } from './show-rows.ts'

const passwordOption = [
  '--new-password-file <FILE>',
  'File whose first line is the password',
] as const

export const addUserCommands: AddCommand = (user, remote) => {
  const add = adderFor(user, remote)
  addUserCommand(add)
  addDeleteCommand(add)
  addLimitCommand(add, 'user')
}

function addUserCommand(add: Add): void {
  const users = { title: 'users', columns: ['name', 'tags', 'limits'] }
  add('list', 'Show all users', list(['users'], users))
    .alias('ls')
    .option(...outputOption)
  add('add <NAME>', 'Add a user, who may do nothing yet', ([name = ''], flags) => {
    const { tags = '', newPasswordFile, withoutPassword = false } = flags
    if ((newPasswordFile !== undefined) === withoutPassword) {
      const text =
        'give --new-password-file FILE, or --without-password for a client with a certificate'
      throw new ExitError(exitCodes.usage, `a user needs a password: ${text}`)
    }
    return async (broker, { print, tell }) => {
      const path = ['users', checkName('user', name)]
      if ((await broker.ask('GET', path)).status === 200) {
        throw new ExitError(
          exitCodes.usage,
          `there is a user '${name}'; see ${broker.commandLine('user password')}`,
        )
      }
      const secret = newPasswordFile && { password: await readPasswordFile(newPasswordFile) }
      const body = { tags, ...secret }
      await change(broker, ['PUT', path, body], `user '${name}' was not added`)
      print(`User '${name}' was added`)
      tell(`What it may do is said with ${broker.commandLine('permission set')}`)
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
    return async (broker, { print }) => {
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
      return async (broker, { print }) => {
        const { password_hash, hashing_algorithm } = await getUser(broker, name)
        const body = { tags, ...(password_hash !== '' && { password_hash, hashing_algorithm }) }
        await change(broker, ['PUT', ['users', name], body], 'the tags were not changed')
        const what = tags === '' ? 'no tags' : `the tags '${tags}'`
        print(`User '${name}' has ${what} from the next login on`)
        return exitCodes.ok
      }
    },
  )
}

function addDeleteCommand(add: Add): void {
  const removing = add(
    'delete <NAME>',
    'Delete a user; its connections are closed',
    ([name = ''], flags) => {
      const doomed = {
        path: ['users', checkName('user', name)],
        title: `user '${name}'`,
        describe: async () => 'and close its connections',
        explain: (broker: BrokerClient) => notThere(broker, { kind: kinds.user, name }),
      }
      return remove(doomed, flags)
    },
  )
  addRiskOptions(removing).alias('rm')
}

interface User {
  readonly tags: readonly string[]
  readonly password_hash: string
  readonly hashing_algorithm: string
}

async function getUser(broker: BrokerClient, name: string): Promise<User> {
  const answer = await broker.ask('GET', ['users', checkName('user', name)])
  if (answer.status >= 400) throw await notThere(broker, { kind: kinds.user, name })
  return answer.body as User
}
