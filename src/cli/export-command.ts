// `pabal export`: all messages of a queue or topic, whole, to a file or the screen.
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Answer, BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { isMeant } from './confirm.ts'
import { vhostOption } from './list-command.ts'
import { addFilterOptions, filterOf, type FilterFlags } from './message-filter-flags.ts'
import { gapStart } from './message-input.ts'
import { kinds, notThere } from './not-there.ts'
import { Progress } from './progress.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

const newline = 10

interface Flags extends FilterFlags {
  readonly vhost?: string
  readonly from?: string
  readonly to?: string
  readonly limit?: string
  readonly partition?: string
  readonly yes?: boolean
}

export const addExportCommand: AddCommand = (command, remote) => {
  remote(command, '<NAME> [FILE]', {
    ask: ([name = '', file], flags) => exportMessages(name, file, flags as Flags),
  })
    .option(
      '--from <PLACE>',
      'earliest, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h (default: the first message that is not acked)',
    )
    .option('--to <PLACE>', 'Nothing from there on: an offset, a time or an age')
    .option('--limit <N>', 'At most so many messages')
    .option('--partition <N>', 'The only one of several')
    .option('--yes', 'Write over a file that is there')
    .option(...vhostOption)
    .addHelpText(
      'after',
      `
Each line is a message as JSON with all that is in it, for import. Without a file it goes to
the screen. Messages stay as they are. Example: export orders orders.ndjson`,
    )
  addFilterOptions(command)
}

function exportMessages(name: string, file: string | undefined, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', name)
  const { from, to, limit, partition } = flags
  const asked = { from, to, limit, partition, filter: filterOf(flags) }
  const parameters = Object.fromEntries(
    Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  return async (broker, terminal) => {
    if (file !== undefined && (await isThere(file))) {
      await isMeant(terminal, { deed: `write over ${file}`, place: 'this machine' }, flags)
    }
    const lines = await begin(broker, { vhost, name, parameters })
    const progress = new Progress(terminal, { clock: systemClock, unit: 'messages' })
    const counts = { gapCount: 0 }
    const counted = count(lines, progress, counts)
    try {
      if (file === undefined) for await (const piece of counted) await terminal.write(piece)
      else await writeWhole(file, counted)
    } catch (error) {
      throw explain(error, file)
    } finally {
      progress.end()
    }
    const what = progress.done === 1 ? '1 message was' : `${progress.done} messages were`
    terminal.tell(`${what} exported${file === undefined ? '' : ` to ${file}`}`)
    if (counts.gapCount > 0) {
      terminal.tell('Some messages were trimmed before they could be exported: see "gap" in it')
    }
    return exitCodes.ok
  }
}

interface Asked {
  readonly vhost: string
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
}

async function begin(
  broker: BrokerClient,
  { vhost, name, parameters }: Asked,
): Promise<IncomingMessage> {
  const answer = await broker.stream(['v1', 'streams', vhost, name, 'export'], parameters)
  if ('statusCode' in answer) return answer
  const refused = answer as Answer
  if (refused.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
  throw refusal(refused, `'${name}' was not exported`)
}

interface Counts {
  gapCount: number
}

async function* count(
  pieces: AsyncIterable<Buffer>,
  progress: Progress,
  counts: Counts,
): AsyncGenerator<Buffer, void, undefined> {
  // A line may be cut anywhere.
  let start = ''
  for await (const piece of pieces) {
    let lineCount = 0
    for (let from = 0; from < piece.length;) {
      const end = piece.indexOf(newline, from)
      if (start.length < gapStart.length) {
        const wanted = gapStart.length - start.length
        const sizeMax = end < 0 ? piece.length : end
        start += piece.toString('latin1', from, Math.min(from + wanted, sizeMax))
      }
      if (end < 0) break
      if (start === gapStart) counts.gapCount++
      else lineCount++
      start = ''
      from = end + 1
    }
    progress.add(lineCount)
    yield piece
  }
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined
}

/** The file has its name only once it is whole. Whoever may read it may read all messages. */
async function writeWhole(file: string, pieces: AsyncIterable<Buffer>): Promise<void> {
  const part = `${file}.part`
  const stop = (): void => {
    void rm(part, { force: true }).finally(() => process.exit(exitCodes.tryLater))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await using handle: FileHandle = await open(part, 'w', 0o600)
    for await (const piece of pieces) await handle.writeFile(piece)
    await handle.sync()
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined)
    throw error
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function explain(error: unknown, file: string | undefined): unknown {
  const { code = '', syscall, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNRESET') {
    return new ExitError(
      exitCodes.unavailable,
      'the export broke off: the stream was deleted, its rights have ended or the broker was stopped',
    )
  }
  return syscall === undefined || file === undefined
    ? error
    : new ExitError(exitCodes.cannotCreate, `cannot write ${file}: ${message}`)
}
