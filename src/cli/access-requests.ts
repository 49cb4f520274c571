// What `pabal user`, `pabal vhost` and `pabal permission` have in common.
import type { Command } from 'commander'
import { compareNames } from '../lib/compare-names.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerClient, Method } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { type RiskFlags, isMeant } from './confirm.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { readFormat, type Row, type Shown, showRows } from './show-rows.ts'

/** Flags; which of them there are depends on the command. */
export interface Flags extends RiskFlags {
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

/** What adds the words that follow `parent`. */
export function adderFor(parent: Command, define: DefineRemote): Add {
  return (usage, what, ask) =>
    define(parent, usage, {
      summary: what,
      ask,
    })
}

/** Shows what a GET answers, in the order of the first two columns; with `--vhost`, what is in that one. */
export function list(path: readonly string[], shown: Shown): Ask {
  return (_operands, { output, vhost }) => {
    const format = readFormat(output)
    const asked = vhost === undefined ? undefined : checkName('virtual host', vhost)
    const where = asked === undefined ? '' : ` in virtual host '${asked}'`
    return async (broker, terminal) => {
      if (asked !== undefined) await findVHost(broker, asked)
      const { body } = await broker.ask('GET', path)
      const rows = (body as readonly Row[])
        .filter((row) => asked === undefined || row['vhost'] === asked)
        .toSorted(byColumns(shown.columns.slice(0, 2)))
      await showRows({ ...shown, title: `${shown.title}${where}`, rows }, format, terminal)
      return exitCodes.ok
    }
  }
}

function byColumns(columns: readonly string[]): (a: Row, b: Row) => number {
  return (a, b) =>
    columns.reduce((order, key) => order || compareNames(String(a[key]), String(b[key])), 0)
}

/** Rejects with an `ExitError` when there is none of that name. */
export async function findVHost(broker: BrokerClient, name: string): Promise<void> {
  const { status } = await broker.ask('GET', ['vhosts', name])
  if (status >= 400) throw await notThere(broker, { kind: kinds.vhost, name })
}

/** What a command deletes. */
export interface Doomed {
  readonly path: readonly string[]
  /** `user 'app'` */
  readonly title: string
  /** What goes with it: `and all in it, 3 queues`. */
  readonly describe?: (broker: BrokerClient) => Promise<string>
  /** Why there is none. */
  readonly explain: (broker: BrokerClient) => Promise<ExitError>
}

/** Deletes something that is there, when that is meant. */
export function remove({ path, title, describe, explain }: Doomed, flags: RiskFlags): AskBroker {
  return async (broker, terminal) => {
    if ((await broker.ask('GET', path)).status === 404) throw await explain(broker)
    const also = describe === undefined ? '' : ` ${await describe(broker)}`
    const { place } = broker
    if (!(await isMeant(terminal, { deed: `delete ${title}${also}`, place }, flags))) {
      return exitCodes.ok
    }
    const answer = await broker.ask('DELETE', path)
    if (answer.status === 404) throw await explain(broker)
    if (answer.status >= 400) throw refusal(answer, `${title} stays`)
    terminal.print(`Deleted: ${title}`)
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

const rateHelp = `  max-publish-rate        messages per second, as a whole
  max-publish-bytes-rate  bytes of their bodies per second`
const limitsHelp = {
  user: `Limits:
  max-connections         connections at a time
  max-channels            channels at a time, of all its connections
${rateHelp}`,
  vhost: `Limits:
  max-connections         connections at a time
  max-queues              queues that there may be
${rateHelp}`,
} as const

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
      return async (broker, { print }) => {
        const answer = await (value === undefined
          ? broker.ask('DELETE', path)
          : broker.ask('PUT', path, { value }))
        if (answer.status === 404) {
          throw await notThere(broker, { kind: kinds[kind], name })
        }
        if (answer.status >= 400) {
          const { message, exitCode } = refusal(answer, 'the limit was not changed')
          throw new ExitError(exitCode, `${message}; see pabal ${kind} limit --help`)
        }
        print(`The limit ${limit} of ${title} '${name}' is ${text} now`)
        return exitCodes.ok
      }
    },
  ).addHelpText('after', `\n${limitsHelp[kind]}\n\nExample: ${kind} limit app max-connections 100`)
}

function parseLimit(text: string): number {
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new ExitError(exitCodes.usage, `'${text}' is no limit: give a whole number, or none`)
}
