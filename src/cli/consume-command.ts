// `pabal consume`: takes messages off a queue.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { programLimits } from '../limits/program.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { payloadBytes, showPayload, type ShownPayload } from './show-payload.ts'
import { outputOption, readFormat, type Row, showRows } from './show-rows.ts'

interface Flags {
  readonly vhost?: string
  readonly count?: string
  readonly payloads?: boolean
  readonly output?: string
}

/** As the broker answers. */
interface Taken extends ShownPayload {
  readonly exchange: string
  readonly routing_key: string
}

const countDefault = 20

export const addConsumeCommand: AddCommand = (command, remote) => {
  remote(command, '<NAME>', { ask: ([name = ''], flags) => consume(name, flags) })
    .option('--count <N>', `At most so many (default: ${countDefault})`)
    .option('--payloads', 'Only what is in them, a line each, as it is')
    .option(...vhostOption)
    .option(...outputOption)
    .addHelpText(
      'after',
      `
They are gone from the queue when they are shown. To look at them only: pabal peek.
It ends when the queue is empty.`,
    )
}

function consume(name: string, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', name)
  if (flags.payloads === true && flags.output !== undefined) {
    throw new ExitError(exitCodes.usage, '--payloads has a form of its own: leave --output out')
  }
  const format = readFormat(flags.output)
  const count = parseCount(flags.count ?? `${countDefault}`)
  const isTable = format === 'table' || format === 'wide'
  return async (broker, terminal) => {
    const taken: Row[] = []
    for await (const batch of takeBatches(broker, { vhost, name }, count)) {
      // Those that are shown one by one are shown before the next are taken: they are gone then.
      if (flags.payloads === true) {
        const lines = batch.map((message) => [payloadBytes(message), Buffer.from('\n')])
        await terminal.write(Buffer.concat(lines.flat()))
      } else {
        const rows = batch.map(isTable ? rowOf : asRow)
        if (format === 'ndjson') await showRows({ ...shown, rows }, format, terminal)
        else taken.push(...rows)
      }
    }
    const isShown = flags.payloads === true || format === 'ndjson'
    if (!isShown) await showRows({ ...shown, rows: taken }, format, terminal)
    return exitCodes.ok
  }
}

const shown = {
  title: 'messages that are ready',
  columns: ['payload_bytes', 'redelivered', 'exchange', 'routing_key', 'payload'],
  heads: { payload_bytes: 'bytes', routing_key: 'routing key' },
  wideColumns: ['properties'],
  nameKey: 'routing_key',
}

function asRow(message: Taken): Row {
  return { ...message }
}

function rowOf(message: Taken): Row {
  const exchange = message.exchange === '' ? '(default)' : message.exchange
  const payload = showPayload(message, programLimits.shownPayloadSize)
  return { ...message, exchange, payload }
}

/** No more is taken at a time than can be lost when the program ends between two. */
async function* takeBatches(
  broker: BrokerClient,
  { vhost, name }: { readonly vhost: string; readonly name: string },
  count: number,
): AsyncGenerator<readonly Taken[], void, undefined> {
  const path = ['queues', vhost, name, 'get']
  for (let left = count; left > 0;) {
    const asked = Math.min(left, programLimits.takenAtOnceMax)
    const body = { count: asked, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const answer = await broker.ask('POST', path, body)
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
    if (answer.status >= 400) {
      if (await isStream(broker, vhost, name)) throw streamStays(name, broker)
      throw refusal(answer, `nothing was taken off '${name}'`)
    }
    const batch = answer.body as readonly Taken[]
    if (batch.length === 0) return
    left -= batch.length
    yield batch
  }
}

function parseCount(text: string): number {
  const { browseCountMax: max } = programLimits
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= max) return count
  throw new ExitError(exitCodes.usage, `--count cannot be '${text}': use a number from 1 to ${max}`)
}

async function isStream(broker: BrokerClient, vhost: string, name: string): Promise<boolean> {
  const { status, body } = await broker.ask('GET', ['queues', vhost, name])
  return status === 200 && (body as { readonly type: string }).type === 'stream'
}

function streamStays(name: string, broker: BrokerClient): ExitError {
  const text = `'${name}' is a stream, from which nothing is taken: see ${broker.commandLine('peek')}`
  return new ExitError(exitCodes.usage, text)
}
