// `pabal queue get`: the latest message of a key. `pabal queue offsets`: where a time is in each partition.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Answer, BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { payloadBytes, showPayload as textOf, type ShownPayload } from './show-payload.ts'
import { outputOption, printValue, readFormat, type Row, showRows } from './show-rows.ts'
import { showTime } from './show-time.ts'

interface Flags {
  readonly vhost?: string
  readonly partition?: string
  readonly encoding?: string
  readonly output?: string
  readonly at?: string
}

/** As the broker answers it; what is shown of it besides is not looked at here. */
interface Found extends ShownPayload {
  readonly partition?: number
  readonly offset: number
  readonly time: number
}

interface Absent {
  readonly deleted?: { readonly partition?: number; readonly offset: number; readonly time: number }
}

const encodings = ['text', 'hex', 'base64']
const payloadMax = 1024 * 1024

export function addQueueGetCommand(queue: Command, define: DefineRemote): void {
  define(queue, 'get <NAME> <KEY>', {
    summary: 'Show the latest message of a key',
    ask: ([name = '', key = ''], flags) => get(name, key, flags as Flags),
  })
    .option('--encoding <ENCODING>', 'How the key is written: text, hex or base64 (default: text)')
    .option('--partition <N>', 'The only one of several to look at')
    .option(...vhostOption)
    .option(...outputOption)
    .addHelpText(
      'after',
      `
The payload goes to the output as it is, its place to the screen. A key that is deleted, or was
never there, ends the command with status 66. Example: topic get customers 4711`,
    )
}

export function addQueueOffsetsCommand(queue: Command, define: DefineRemote): void {
  define(queue, 'offsets <NAME>', {
    summary: 'Show the offset of a time, or of another place, in each partition',
    ask: ([name = ''], flags) => offsets(name, flags as Flags),
  })
    .option(
      '--at <PLACE>',
      'first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h (default: last)',
    )
    .option('--partition <N>', 'The only one of several')
    .option(...vhostOption)
    .option(...outputOption)
}

function get(name: string, key: string, flags: Flags): AskBroker {
  const { output, partition, encoding = 'text' } = flags
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', name)
  if (!encodings.includes(encoding)) {
    throw new ExitError(exitCodes.usage, `--encoding ${encoding} is unknown: use text, hex, base64`)
  }
  const format = readFormat(output)
  const isKeyEmpty = key === ''
  const path = ['v1', 'streams', vhost, name, 'keys', isKeyEmpty ? '=' : key]
  const parameters = {
    encoding: isKeyEmpty ? 'base64' : encoding,
    payload: `${payloadMax}`,
    ...(partition !== undefined && { partition }),
  }
  return async (broker, terminal) => {
    const answer = await askAll(broker, path, parameters)
    if (answer.status === 404) {
      const { deleted } = (answer.body ?? {}) as Absent
      if (deleted !== undefined) {
        throw new ExitError(exitCodes.noInput, `key '${key}' was deleted ${placeOf(deleted)}`)
      }
      const there = await broker.ask('GET', ['queues', vhost, name])
      if (there.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
      throw new ExitError(exitCodes.noInput, `'${name}' has no message with key '${key}'`)
    }
    if (answer.status >= 400) throw refusal(answer, `key '${key}' was not looked up`)
    const found = answer.body as Found
    if (format === 'json' || format === 'yaml') await printValue(found, format, terminal)
    else if (format === 'ndjson') terminal.print(JSON.stringify(found))
    else await showPayload(found, terminal)
    return exitCodes.ok
  }
}

/** Asks on for as long as the broker has not looked at all. */
async function askAll(
  broker: BrokerClient,
  path: readonly string[],
  parameters: Readonly<Record<string, string>>,
): Promise<Answer> {
  let cursor: string | undefined
  for (;;) {
    const answer = await broker.get(path, {
      ...parameters,
      ...(cursor !== undefined && { cursor }),
    })
    if (answer.status !== 202) return answer
    cursor = (answer.body as { readonly next: string }).next
  }
}

async function showPayload(found: Found, terminal: Parameters<AskBroker>[1]): Promise<void> {
  const { tell, write, print, isResultSeen } = terminal
  tell(placeOf(found))
  if (found.payload === undefined)
    throw new ExitError(exitCodes.noInput, 'its payload is not shown')
  if (isResultSeen) return print(textOf(found))
  const bytes = payloadBytes(found)
  await write(bytes)
  await write('\n')
  if (bytes.length < found.payload_bytes) {
    tell(`The first ${bytes.length} of ${found.payload_bytes} bytes: pabal export has all of it`)
  }
}

function placeOf({ partition, offset, time }: Omit<Found, keyof ShownPayload>): string {
  const where = partition === undefined ? '' : `partition ${partition}, `
  return `(${where}offset ${offset}, ${showTime(time)})`
}

function offsets(name: string, { at = 'last', partition, ...flags }: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', name)
  const format = readFormat(flags.output)
  const parameters = { at, ...(partition !== undefined && { partition }) }
  return async (broker, terminal) => {
    const answer = await broker.get(['v1', 'streams', vhost, name, 'offsets'], parameters)
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
    if (answer.status >= 400) throw refusal(answer, `offsets of '${name}' were not found`)
    const { offsets: rows } = answer.body as { readonly offsets: readonly Row[] }
    const shown = {
      title: `partitions of '${name}'`,
      columns: ['partition', 'offset', 'time'],
      cells: { time: (ms: unknown) => (typeof ms === 'number' ? showTime(ms) : '') },
      nameKey: 'partition',
    }
    await showRows({ ...shown, rows }, format, terminal)
    return exitCodes.ok
  }
}
