// Backups through the command line, of a broker under load and of one that is not there.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { gzipSync, zstdDecompressSync } from 'node:zlib'
import type { ConfirmChannel } from 'amqplib'
import { AmqpSession } from '../support/amqp-session.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const smallFiles = pathToFileURL(path.join(import.meta.dirname, '../crash/small-files.ts')).href
const nodeFlags = ['--import', smallFiles]

async function run(
  folder: ScratchFolder,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly text: string }> {
  await using program = BrokerProgram.run(folder, args)
  const { code } = await program.ended()
  return { code, text: program.stdout + program.stderr }
}

async function runWell(folder: ScratchFolder, ...args: readonly string[]): Promise<string> {
  const { code, text } = await run(folder, ...args)
  assert.equal(code, 0, text)
  return text
}

const padding = 'x'.repeat(2000)
const queues = ['jobs', 'copies'] as const
const largeBody: Buffer = Buffer.alloc(1_100_000, 'large ')

/** Publishes to both queues at once and acks some of it, all the time. */
class Load {
  /** Numbers of messages that are confirmed, in their order. */
  readonly confirmed: number[] = []
  /** Of those in `jobs` for which an ack was sent. */
  readonly acked = new Set<number>()
  #next = 0
  #isStopped = false
  readonly #channel: ConfirmChannel
  readonly #running: Promise<void>

  constructor(channel: ConfirmChannel) {
    this.#channel = channel
    this.#running = this.#publish()
    // Of a broker that is killed.
    this.#running.catch(() => undefined)
  }

  get published(): number {
    return this.#next
  }

  static async begin(session: AmqpSession): Promise<Load> {
    const channel = await session.confirmChannel()
    for (const queue of queues) {
      await channel.assertQueue(queue)
      await channel.bindQueue(queue, 'amq.fanout', '')
    }
    const load = new Load(channel)
    const consumer = await session.channel()
    await consumer.prefetch(20)
    await consumer.consume('jobs', (message) => {
      if (message === null) return
      const number = Number.parseInt(message.content.toString('latin1', 0, 12), 10)
      // Some wait for ever, so that files are worn and not dead.
      if (number % 50 === 0) return
      load.acked.add(number)
      consumer.ack(message)
    })
    return load
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #publish(): Promise<void> {
    while (!this.#isStopped) {
      for (let count = 0; count < 20; count++) {
        const number = this.#next++
        const body =
          number % 200 === 7 ? Buffer.concat([Buffer.from(`${number} `), largeBody]) : undefined
        this.#channel.publish(
          'amq.fanout',
          '',
          body ?? Buffer.from(`${number} ${padding}`),
          {
            persistent: true,
          },
          (error) => {
            if (error === null) this.confirmed.push(number)
          },
        )
      }
      await this.#channel.waitForConfirms()
    }
  }
}

async function numbersIn(channel: ConfirmChannel, queue: string): Promise<number[]> {
  const numbers: number[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return numbers
    const text = message.content.toString('latin1', 0, 12)
    const number = Number.parseInt(text, 10)
    numbers.push(number)
    const size = number % 200 === 7 ? largeBody.length : padding.length
    assert.equal(message.content.length, `${number} `.length + size)
  }
}

test('a backup under load has all that was confirmed before it, once and in order', async () => {
  using folder = new ScratchFolder()
  await using broker = await TestBroker.start(['--log-level', 'warn'], nodeFlags)
  await using session = await AmqpSession.open(broker.url)
  const load = await Load.begin(session)
  await waitFor('files fill', () => load.confirmed.length > 700)
  const confirmedBefore = [...load.confirmed]
  const ackedBefore = new Set(load.acked)
  // Slowly, so that much happens meanwhile.
  const busy = folder.file('busy.tar.zst')
  const data = folder.file('restored')
  const args = ['--rate', '8MiB', '--data', broker.dataFolder]
  const text = await runWell(folder, 'backup', busy, ...args)
  assert.match(
    text,
    /^Backup of the running broker in data folder '\S+' written to \S+busy\.tar\.zst: \d+ files/,
  )
  const { published } = load
  const publishedAfter = published
  await load.stop()
  assert.ok(publishedAfter > confirmedBefore.length + 100, 'it went on meanwhile')
  assert.match(await runWell(folder, 'restore', busy, '--check'), /is whole/)
  assert.deepEqual(readdirSync(folder.path), ['busy.tar.zst'])

  await runWell(folder, 'restore', busy, '--data', data)
  assert.match(
    await runWell(folder, 'verify', '--data', data),
    /Nothing that was confirmed is damaged/,
  )
  await using second = await TestBroker.start(['--data', data], nodeFlags)
  await using reader = await AmqpSession.open(second.url)
  const channel = await reader.confirmChannel()
  const copies = await numbersIn(channel, 'copies')
  // One after the other from the first on: nothing lost, nothing twice, nothing invented.
  assert.deepEqual(
    copies,
    copies.map((_, index) => index),
  )
  assert.ok(copies.length >= confirmedBefore.length && copies.length <= publishedAfter)
  const jobs = await numbersIn(channel, 'jobs')
  const inJobs = new Set(jobs)
  assert.equal(inJobs.size, jobs.length)
  for (const number of jobs) {
    // Acked before and there all the same would be work that is done twice for nothing.
    assert.ok(number < copies.length, `message ${number} is in one of its two queues`)
  }
  const lost = copies.filter((number) => !inJobs.has(number) && !load.acked.has(number))
  assert.deepEqual(lost, [])
  assert.ok(ackedBefore.size > 200)
})

test('kill -9 in the middle of a backup leaves no file, and nothing in the data folder', async () => {
  using folder = new ScratchFolder()
  await using broker = await TestBroker.start([], nodeFlags)
  {
    await using session = await AmqpSession.open(broker.url)
    const load = await Load.begin(session)
    await waitFor('files fill', () => load.confirmed.length > 300)
    const file = folder.file('killed.tar')
    const args = ['backup', file, '--rate', '64KiB', '--data', broker.dataFolder]
    await using program = BrokerProgram.run(folder, args)
    await waitFor('some of it is there', () => sizeOf(`${file}.part`) > 0)
    const published = load.confirmed.length
    await waitFor('files die meanwhile', () => load.confirmed.length > published + 200)
    await broker.kill()
    const { code } = await program.ended()
    assert.match(program.stderr, /^pabal: the broker ended before the backup did: see its log\n$/)
    assert.equal(code, 69)
    assert.deepEqual(readdirSync(folder.path), [])
    await load.stop().catch(() => undefined)
  }
  await broker.restart()
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  for (const queue of queues) await channel.purgeQueue(queue)
  const wal = path.join(broker.dataFolder, 'wal')
  const aside = path.join(broker.dataFolder, 'aside')
  await waitFor('nothing is left of it', () => {
    return readdirSync(wal).length <= 8 && readdirSync(aside).length === 0
  })
})

test('a folder without a broker is backed up, packed with gzip, and restored to a new file system', async () => {
  using folder = new ScratchFolder()
  {
    await using broker = await TestBroker.start(['--data', folder.file('data')])
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    await channel.assertQueue('kept')
    channel.sendToQueue('kept', Buffer.from('message'), { persistent: true })
    await channel.waitForConfirms()
    await broker.kill()
  }
  const data = ['--data', folder.file('data')]
  mkdirSync(folder.file('backups'))
  const text = await runWell(folder, 'backup', folder.file('backups'), ...data)
  assert.match(text, /^Backup of the folder \S+ written to \S+pabal-[-\dT]+Z\.tar\.zst: /)
  const [name = ''] = readdirSync(folder.file('backups'))
  const file = path.join(folder.file('backups'), name)
  const gzip = folder.file('backup.tar.gz')
  writeFileSync(gzip, gzipSync(zstdDecompressSync(readFileSync(file))))
  mkdirSync(folder.file('mounted/lost+found'), { recursive: true })
  const target = ['--data', folder.file('mounted')]
  await runWell(folder, 'restore', gzip, ...target)
  await using broker = await TestBroker.start(target)
  await using session = await AmqpSession.open(broker.url)
  const message = await (await session.channel()).get('kept')
  assert.equal(message && message.content.toString(), 'message')
})

test('mistakes are told in one line', async () => {
  using folder = new ScratchFolder()
  await using broker = await TestBroker.start()
  const data = ['--data', broker.dataFolder]
  const file = folder.file('backup.tar.zst')
  await runWell(folder, 'backup', file, ...data)
  const bytes = readFileSync(file)
  writeFileSync(folder.file('half.tar.zst'), bytes.subarray(0, bytes.length / 2))
  writeFileSync(folder.file('text'), 'no backup at all, but long enough for one\n'.repeat(20))
  const mistakes: readonly [args: readonly string[], code: number, says: RegExp][] = [
    [['backup', file, ...data], 73, /backup\.tar\.zst is there already: name another file/],
    [['backup', 'x', '--rate', '1'], 64, /--rate cannot be '1': use a size of 64KiB or more/],
    [['backup', 'x', '--data', 'nowhere'], 66, /'\S+nowhere' is no data folder of Pabal/],
    [['backup', 'text/x', ...data], 73, /cannot write text\/x: /],
    [['restore', 'nothing'], 66, /cannot read nothing: /],
    [['restore', 'text', '--check'], 65, /this is no backup: there is no tar archive in it/],
    [['restore', 'half.tar.zst', '--check'], 65, /the backup is cut off or damaged: /],
    [['restore', file, ...data], 74, /there is something in \S+ already \(\S+\): /],
  ]
  const endings = await Promise.all(mistakes.map(([args]) => run(folder, ...args)))
  for (const [index, [, code, says]] of mistakes.entries()) {
    const ending = endings[index]
    assert.match(ending?.text ?? '', says)
    assert.match(ending?.text ?? '', /^pabal: [^\n]+\n$/)
    assert.equal(ending?.code, code, ending?.text)
  }
})

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
