// `pabal queue`: lists the queues of the running broker, shows their messages, and brings acked ones back.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { addBrowseCommand } from './browse-command.ts'
import { checkName } from './check-name.ts'
import { isMeant } from './confirm.ts'
import { addQueueGetCommand, addQueueOffsetsCommand } from './key-command.ts'
import { kinds, notThere } from './not-there.ts'
import {
  addQueueCreateCommand,
  addQueueDeleteCommand,
  addQueuePauseCommand,
  addQueuePurgeCommand,
  addQueueResumeCommand,
  addQueueShowCommand,
} from './queue-changes.ts'
import { addQueueListCommand } from './queue-list-command.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

interface Flags {
  readonly vhost?: string
  readonly toOffset?: string
  readonly toTime?: string
  readonly partition?: string
  readonly dryRun?: boolean
}

export const addQueueCommands: AddCommand = (queue, remote) => {
  remote(queue, 'rewind <NAME>', {
    summary: 'Make acked messages ready again',
    ask: ([name = ''], flags) => rewind(name, flags as Flags),
  })
    .option('--to-offset <N>', 'The first message that comes back, counted from the first ever')
    .option('--to-time <TIME>', 'When it came in: 2026-11-29T07:00:00Z, or milliseconds since 1970')
    .option('--partition <N>', 'The only one of several to rewind')
    .option('--dry-run', 'Only say how many messages it would be')
    .option('--vhost <NAME>', 'Virtual host (default: /)')
  addBrowseCommand(queue, remote)
  addQueueGetCommand(queue, remote)
  addQueueOffsetsCommand(queue, remote)
  addQueueListCommand(queue, remote)
  addQueueShowCommand(queue, remote)
  addQueueCreateCommand(queue, remote)
  addQueueDeleteCommand(queue, remote)
  addQueuePurgeCommand(queue, remote)
  addQueuePauseCommand(queue, remote)
  addQueueResumeCommand(queue, remote)
}

function rewind(name: string, flags: Flags): AskBroker {
  const path = ['queues', checkName('virtual host', flags.vhost ?? '/'), checkName('queue', name)]
  const { dryRun: isDryRun = false, ...place } = flags
  const body = { ...parseTarget(place), ...(isDryRun && { dry_run: true }) }
  return async (broker, terminal) => {
    const answer = await broker.ask('POST', [...path, 'rewind'], body)
    if (answer.status === 404) {
      throw await notThere(broker, { kind: kinds.queue, name, vhost: flags.vhost ?? '/' })
    }
    if (answer.status >= 400) throw refusal(answer, `queue '${name}' was not rewound`)
    const { message_count: count } = answer.body as { readonly message_count: number }
    const messages = count === 1 ? '1 message' : `${count} messages`
    if (isDryRun) {
      const deed = `make ${messages} of queue '${name}' ready again`
      await isMeant(terminal, { deed, place: broker.place }, { dryRun: true })
      return exitCodes.ok
    }
    terminal.print(
      `Queue '${name}' was rewound: ${messages} ${count === 1 ? 'is' : 'are'} ready again`,
    )
    return exitCodes.ok
  }
}

function parseTarget({ partition, ...flags }: Flags): object {
  const target = parsePlace(flags)
  if (partition === undefined) return target
  return { ...target, partition: parseNumber('--partition', partition) }
}

function parsePlace({ toOffset, toTime }: Flags): object {
  if ((toOffset === undefined) === (toTime === undefined)) {
    throw new ExitError(exitCodes.usage, 'queue rewind needs either --to-offset or --to-time')
  }
  if (toOffset !== undefined) return { offset: parseNumber('--to-offset', toOffset) }
  const time = /^\d+$/.test(toTime!) ? Number(toTime) : Date.parse(toTime!)
  return { time: checkNumber('--to-time', toTime!, time) }
}

function parseNumber(flag: string, text: string): number {
  return checkNumber(flag, text, /^\d+$/.test(text) ? Number(text) : Number.NaN)
}

function checkNumber(flag: string, text: string, number: number): number {
  if (Number.isSafeInteger(number) && number >= 0) return number
  const advice = `use ${flag === '--to-time' ? 'a time like 2026-11-29T07:00:00Z' : 'a whole number'}`
  throw new ExitError(exitCodes.usage, `${flag} cannot be '${text}': ${advice}`)
}
