// `pabal import`: publishes what was exported to a queue or topic, in batches that are durable before the next.
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { adminLimits } from '../limits/admin.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { vhostOption } from './list-command.ts'
import { type MessageIn, readMessages } from './message-input.ts'
import { kinds, notThere } from './not-there.ts'
import { Progress } from './progress.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

interface Flags {
  readonly vhost?: string
  readonly skip?: string
}

export const addImportCommand: AddCommand = (command, remote) => {
  remote(command, '<NAME> [FILE]', {
    ask: ([name = '', file], flags) => importMessages(name, file ?? '-', flags as Flags),
  })
    .option('--skip <N>', 'Leave the first N messages out: it goes on where it failed')
    .option(...vhostOption)
    .addHelpText(
      'after',
      `
Takes the lines of export, of a file or of stdin, with all properties of the messages. They
come last in the queue; of a topic the key says in which partition.
Example: export orders | pabal import orders --url https://other.example:15671`,
    )
}

interface Target {
  readonly vhost: string
  readonly name: string
}

/** A message as it is sent, and how long that is. */
interface Encoded {
  readonly text: string
  readonly size: number
}

function importMessages(name: string, file: string, flags: Flags): AskBroker {
  const target = { vhost: checkName('virtual host', flags.vhost ?? '/'), name }
  checkName('queue', name)
  const skip = readSkip(flags.skip ?? '0')
  return async (broker, terminal) => {
    const progress = new Progress(terminal, { clock: systemClock, unit: 'messages' })
    try {
      for await (const batch of batchesOf(readMessages(file, 'ndjson'), skip)) {
        await publish(broker, target, { batch, before: skip + progress.done })
        progress.add(batch.length)
      }
    } finally {
      progress.end()
    }
    const what = progress.done === 1 ? '1 message was' : `${progress.done} messages were`
    terminal.print(`${what} imported to '${name}'`)
    return exitCodes.ok
  }
}

function readSkip(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new ExitError(exitCodes.usage, `--skip cannot be '${text}': use a number from 0 on`)
}

/** Of so many and so large as a request may have; two are in memory at most. */
async function* batchesOf(
  messages: AsyncIterable<MessageIn>,
  skip: number,
): AsyncGenerator<readonly Encoded[], void, undefined> {
  const { publishBodySizeMax, publishBatchCountMax } = adminLimits
  // What is around them.
  const sizeMax = publishBodySizeMax - 100
  let batch: Encoded[] = []
  let size = 0
  let number = 0
  for await (const { payload, payload_encoding, properties } of messages) {
    if (++number <= skip) continue
    const text = JSON.stringify({ payload, payload_encoding, ...(properties && { properties }) })
    const encoded = { text, size: Buffer.byteLength(text) + 1 }
    if (encoded.size > sizeMax) {
      throw new ExitError(
        exitCodes.dataDamaged,
        `message ${number} has more than ${publishBodySizeMax} bytes, which is too large for HTTP: publish it with a client of AMQP`,
      )
    }
    if (batch.length === publishBatchCountMax || size + encoded.size > sizeMax) {
      yield batch
      batch = []
      size = 0
    }
    batch.push(encoded)
    size += encoded.size
  }
  if (batch.length > 0) yield batch
}

interface Result {
  readonly outcome: string
  readonly reason?: string
}

async function publish(
  broker: BrokerClient,
  { vhost, name }: Target,
  { batch, before }: { readonly batch: readonly Encoded[]; readonly before: number },
): Promise<void> {
  const content = `{"messages":[${batch.map(({ text }) => text).join(',')}]}`
  const answer = await broker.transfer('POST', ['v1', 'streams', vhost, name, 'messages'], {
    content,
  })
  const body: unknown = JSON.parse(answer.text)
  const goOn = `go on with --skip ${before}`
  if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
  if (answer.status !== 200) {
    throw refusal(
      { status: answer.status, body },
      `${before} messages were imported, and then no more (${goOn})`,
    )
  }
  const { results } = body as { readonly results: readonly Result[] }
  const at = results.findIndex(({ outcome }) => outcome !== 'routed')
  if (at < 0) return
  const { outcome, reason = outcome } = results[at]!
  const others = results.slice(at).filter((each) => each.outcome === 'routed').length
  const behind = others === 0 ? '' : `; ${others} behind it were, which that would publish again`
  throw new ExitError(
    exitCodes.tryLater,
    `message ${before + at + 1} was not imported (${reason}): go on with --skip ${before + at}${behind}`,
  )
}
