// What `pabal user`, `pabal vhost` and `pabal permission` have in common.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerClient, Method } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { type ShownRows, showRows, wantsJson } from './show-rows.ts'

/** Flags; which of them there are depends on the command. */
export interface Flags {
  readonly withoutPassword?: boolean
  readonly vhost?: string
  readonly tags?: string
  readonly newPasswordFile?: string
  readonly description?: string
  readonly defaultQueueType?: string
  readonly output?: string
}

export type Add = (usage: string, summary: string, ask: Ask) => Command
export type Ask = (operands: string[], flags: Flags) => AskBroker

/** Adds the command `name`, which does nothing by itself. Returns what adds the words that follow it. */
export function adderFor(
  program: Command,
  define: DefineRemote,
  name: string,
  summary: string,
): Add {
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

/** Shows what a GET answers. */
export function list(path: readonly string[], shown: Omit<ShownRows, 'rows'>): Ask {
  return (_operands, { output }) => {
    const isJson = wantsJson(output)
    return async (broker, print) => {
      const { body } = await broker.ask('GET', path)
      showRows({ ...shown, rows: body as ShownRows['rows'] }, isJson, print)
      return exitCodes.ok
    }
  }
}

export function remove(path: readonly string[], title: string, whereToLook: string): AskBroker {
  return async (broker, print) => {
    const answer = await broker.ask('DELETE', path)
    if (answer.status === 404) throw refusal(answer, `no ${title} found; see ${whereToLook}`)
    if (answer.status >= 400) throw refusal(answer, `${title} stays`)
    print(`Deleted: ${title}`)
    return exitCodes.ok
  }
}

export type Request = readonly [method: Method, path: readonly string[], body: unknown]

/** The status of what went well. */
export async function change(
  broker: BrokerClient,
  request: Request,
  problem: string,
): Promise<number> {
  const answer = await broker.ask(...request)
  if (answer.status >= 400) throw refusal(answer, problem)
  return answer.status
}

/**
 * Adds `limit <NAME> <LIMIT> <VALUE>`: sets a limit of a user or a virtual host, or takes it away.
 * `kind` is as in the path of the API.
 */
export function addLimitCommand(add: Add, kind: 'user' | 'vhost'): void {
  const title = kind === 'user' ? 'user' : 'virtual host'
  add(
    'limit <NAME> <LIMIT> <VALUE>',
    `Limit a ${title}: a whole number, or none`,
    ([name = '', limit = '', text = '']) => {
      const value = text === 'none' ? undefined : parseLimit(text)
      const path = [`${kind}-limits`, checkName(title, name), checkName('limit', limit)]
      return async (broker, print) => {
        const answer = await (value === undefined
          ? broker.ask('DELETE', path)
          : broker.ask('PUT', path, { value }))
        if (answer.status === 404) {
          throw refusal(answer, `there is no ${title} '${name}'; see pabal ${kind} list`)
        }
        if (answer.status >= 400) throw refusal(answer, 'the limit was not changed')
        print(`The limit ${limit} of ${title} '${name}' is ${text} now`)
        return exitCodes.ok
      }
    },
  ).addHelpText('after', `\nExample: ${kind} limit app max-connections 100`)
}

function parseLimit(text: string): number {
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new ExitError(exitCodes.usage, `'${text}' is no limit: give a whole number, or none`)
}
