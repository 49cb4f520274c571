// Begins a job of the broker on messages: says what it would do, asks whether that is meant, and watches it.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { type Job, tellJob, watchJob } from './job-watch.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AskBroker } from './remote-command.ts'

/** Flags of all jobs. */
export interface JobFlags extends RiskFlags {
  readonly vhost?: string
  readonly toQueue?: string
  readonly toExchange?: string
  readonly key?: string
  readonly toAddress?: boolean
  readonly rate?: string
  readonly skip?: boolean
  readonly retry?: boolean
  readonly wait?: boolean
}

export interface JobAsked {
  readonly kind: 'redrive' | 'move' | 'copy' | 'delete'
  /** Where the messages are. */
  readonly queue: string
  /** Undefined: all that the kind is about. */
  readonly filter: object | undefined
  /** Undefined: that of the kind. */
  readonly target: object | undefined
}

const done = {
  redrive: 'redriven',
  move: 'emptied',
  copy: 'copied',
  delete: 'emptied',
} as const satisfies Record<JobAsked['kind'], string>

export function addTargetOptions(command: Command): Command {
  return command
    .option('--to-queue <NAME>', 'All into this queue')
    .option('--to-exchange <NAME>', 'All to this exchange; the default one is amq.default')
    .option('--key <ROUTING-KEY>', 'With --to-exchange; left out, each keeps its own')
}

export function addJobOptions(command: Command): Command {
  command
    .option('--skip', 'Leave out what is refused, instead of stopping at it')
    .option('--retry', 'Wait at what is refused and try it again, instead of stopping at it')
    .option('--rate <N>', 'At most so many messages in a second')
    .option('--no-wait', 'Only begin; see pabal job list')
    .option(...vhostOption)
  return addRiskOptions(command)
}

/** Throws an `ExitError` for flags that do not go together. */
export function beginJob({ kind, queue, filter, target }: JobAsked, flags: JobFlags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', queue)
  const body = {
    kind,
    queue,
    target,
    filter,
    on_refused: onRefusedOf(flags),
    messages_per_second: rateOf(flags),
  }
  return async (broker, terminal) => {
    const ask = async (path: readonly string[]): Promise<unknown> => {
      const answer = await broker.ask('POST', ['v1', 'jobs', vhost, ...path], body)
      if (answer.status === 404) {
        throw await notThere(broker, { kind: kinds.queue, name: queue, vhost })
      }
      if (answer.status >= 400) throw refusal(answer, `'${queue}' was not ${done[kind]}`)
      return answer.body
    }
    const preview = (await ask(['preview'])) as Preview
    tellPreview(preview, terminal.tell)
    const where = `queue '${queue}' in virtual host '${vhost}'`
    if (preview.messages === 0 && preview.is_all) {
      const isNone = preview.skipped.length === 0
      terminal.tell(
        isNone ? `There is nothing to ${kind} in ${where}` : `Nothing of ${where} can go there`,
      )
      return exitCodes.ok
    }
    const more = preview.is_all ? '' : ' or more'
    const what = preview.messages === 1 ? '1 message' : `${preview.messages} messages`
    const deed = `${kind} ${what}${more} of ${where}`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const begun = (await ask([])) as Job
    if (flags.wait === false) {
      terminal.print(`Job ${begun.id} began; see ${broker.commandLine(`job show ${begun.id}`)}`)
      return exitCodes.ok
    }
    tellJob(broker, await watchJob(broker, begun, terminal), terminal)
    return exitCodes.ok
  }
}

/** Where the messages go; undefined when nothing says that. Throws an `ExitError`. */
export function targetOf({
  toQueue,
  toExchange,
  key,
  toAddress = false,
}: JobFlags): object | undefined {
  const given = [toQueue, toExchange, toAddress || undefined].filter((to) => to !== undefined)
  if (given.length > 1) {
    const problem = 'where to? give one of --to-queue, --to-exchange and --to-address'
    throw new ExitError(exitCodes.usage, problem)
  }
  if (key !== undefined && toExchange === undefined) {
    throw new ExitError(exitCodes.usage, '--key is for an exchange: add --to-exchange NAME')
  }
  if (toQueue !== undefined) return { to: 'queue', name: toQueue }
  if (toAddress) return { to: 'address' }
  if (toExchange === undefined) return undefined
  const name = toExchange === 'amq.default' ? '' : toExchange
  return { to: 'exchange', name, ...(key !== undefined && { routing_key: key }) }
}

interface Preview {
  readonly messages: number
  readonly is_all: boolean
  readonly targets: readonly { readonly queue: string; readonly messages: number }[]
  readonly skipped: readonly { readonly reason: string; readonly count: number }[]
}

function tellPreview({ targets, skipped }: Preview, tell: (line: string) => void): void {
  for (const { queue, messages } of targets) tell(`to '${queue}': ${messages}`)
  for (const { reason, count } of skipped) tell(`left out: ${count} (${reason})`)
}

function onRefusedOf({ skip = false, retry = false }: JobFlags): 'stop' | 'skip' | 'wait' {
  if (skip && retry) throw new ExitError(exitCodes.usage, 'give one of --skip and --retry')
  if (retry) return 'wait'
  return skip ? 'skip' : 'stop'
}

function rateOf({ rate }: JobFlags): number | undefined {
  if (rate === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(rate)) return Number(rate)
  throw new ExitError(exitCodes.usage, `--rate cannot be '${rate}': use a number from 1 on`)
}
