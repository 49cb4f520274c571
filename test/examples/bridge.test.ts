// examples/bridge does what its README says, whichever side starts first.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { InteropBroker } from '../interop/interop-broker.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { onlyPabal } from '../support/broker-under-test.ts'
import { waitFor } from '../support/wait-for.ts'
import { ExampleProgram } from './example-program.ts'

const folder: string = join(import.meta.dirname, '../../examples/bridge/node')
const partitionCount = 3

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

const ascending = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b)

/** Ids in lines like "mailed 12 to user12@example.com". */
function ids(lines: readonly string[], word: string): number[] {
  return lines.flatMap((line) => {
    const found = new RegExp(`^${word} (\\d+)`).exec(line)
    return found ? [Number(found[1])] : []
  })
}

/** Id → partition in lines that tell both. */
function partitions(lines: readonly string[], word: string): Map<number, number> {
  const found = lines.flatMap((line): [number, number][] => {
    const match = new RegExp(`^${word} (\\d+) .*partition (\\d+)`).exec(line)
    return match ? [[Number(match[1]), Number(match[2])]] : []
  })
  return new Map(found.toSorted(([a], [b]) => a - b))
}

/** A broker of its own and the programs that talk to it. */
class Bridge implements AsyncDisposable {
  readonly #broker: InteropBroker
  readonly #programs: ExampleProgram[] = []

  private constructor(broker: InteropBroker) {
    this.#broker = broker
  }

  static async open(): Promise<Bridge> {
    return new Bridge(await InteropBroker.start(['kafka', 'amqp']))
  }

  /** Starts a program that goes on; resolves when it has printed `ready`. */
  async start(name: string, ready: RegExp, ...args: number[]): Promise<ExampleProgram> {
    const program = this.#spawn(name, args)
    await program.printed(`${name} is ready`, (lines) => lines.some((line) => ready.test(line)))
    return program
  }

  /** Runs a program to its end; returns what it printed. */
  async run(name: string, ...args: number[]): Promise<string[]> {
    const program = this.#spawn(name, args)
    await program.succeeded()
    return program.lines
  }

  /** Waits until everything in a queue is acked. */
  async isDone(queue: string): Promise<void> {
    await using session = await AmqpSession.open(`amqp://${this.#broker.address('amqp')}`)
    const channel = await session.channel()
    await waitFor(`${queue} is empty`, async () => {
      const { messageCount } = await channel.checkQueue(queue)
      return messageCount === 0
    })
    await waitFor(`${queue} has nothing unacked`, async () => (await this.#lag(queue)) === 0)
  }

  /** Records that Kafka still sees of a work queue: those that are not acked. */
  async #lag(queue: string): Promise<number> {
    const brokers = [this.#broker.address('kafka')]
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const [offsets] = await admin.fetchTopicOffsets(queue)
    await admin.disconnect()
    return Number(offsets?.high) - Number(offsets?.low)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) await program.kill()
    await this.#broker[Symbol.asyncDispose]()
  }

  #spawn(name: string, args: readonly number[]): ExampleProgram {
    const env = {
      ...process.env,
      AMQP_URL: `amqp://guest:guest@${this.#broker.address('amqp')}`,
      KAFKA_BROKERS: this.#broker.address('kafka'),
    }
    const file = join(folder, `${name}.js`)
    const program = new ExampleProgram(process.execPath, [file, ...args.map(String)], env)
    this.#programs.push(program)
    return program
  }
}

const users = 20

/** Two members of one group. */
function startAudits(bridge: Bridge): Promise<ExampleProgram[]> {
  return Promise.all([0, 1].map(() => bridge.start('audit', /^has partitions/)))
}

/** Sign-ups between two members of the audit group and a mailer; what became of them. */
const signUps = {
  async kafkaFirst(bridge: Bridge): Promise<readonly ExampleProgram[]> {
    const audits = await startAudits(bridge)
    const mailer = await bridge.start('mailer', /^waiting/)
    assert.deepEqual(ids(await bridge.run('signup', 1, users), 'created'), range(1, users))
    return [mailer, ...audits]
  },
  async amqpFirst(bridge: Bridge): Promise<readonly ExampleProgram[]> {
    assert.deepEqual(ids(await bridge.run('signup', 1, users), 'created'), range(1, users))
    const mailer = await bridge.start('mailer', /^waiting/)
    return [mailer, ...(await startAudits(bridge))]
  },
}

async function resultOf(order: keyof typeof signUps): Promise<Map<number, number>> {
  await using bridge = await Bridge.open()
  const [mailer, ...audits] = await signUps[order](bridge)
  const audited = (): string[] => audits.flatMap(({ lines }) => lines)
  await waitFor('all are audited', () => new Set(ids(audited(), 'audited')).size === users, 30_000)
  await mailer!.printed('all mails', (lines) => ids(lines, 'mailed').length === users)
  assert.deepEqual(ids(mailer!.lines, 'mailed'), range(1, users))
  await bridge.isDone('welcome_mails')
  for (const line of audited().filter((each) => each.startsWith('audited')))
    assert.match(line, /^audited (\d+) with key user-\1, application\/json, from partition [012]$/)
  return partitions(audited(), 'audited')
}

describe('bridge', onlyPabal, () => {
  let bridge: Bridge
  before(async () => {
    bridge = await Bridge.open()
  })
  after(() => bridge[Symbol.asyncDispose]())

  it('gives one publish to an AMQP queue and a Kafka group, whoever starts first', async () => {
    const result = await resultOf('kafkaFirst')
    assert.deepEqual(await resultOf('amqpFirst'), result)
    assert.equal(new Set(result.values()).size, partitionCount)
  })

  it('reads a topic as a stream that Kafka writes later', async () => {
    await using own = await Bridge.open()
    const reader = await own.start('replay-views', /^reading/)
    const tracked = partitions(await own.run('track-views', 30), 'tracked')
    await reader.printed('30 views', (lines) => ids(lines, 'read').length === 30)
    assert.deepEqual(partitions(reader.lines, 'read'), tracked)
    assert.equal(new Set(tracked.values()).size, partitionCount)
  })

  it('reads a topic as a stream that Kafka wrote before, from the first or from a time on', async () => {
    const tracked = partitions(await bridge.run('track-views', 30, 1, 60), 'tracked')
    const all = await bridge.start('replay-views', /^reading/)
    await all.printed('30 views', (lines) => ids(lines, 'read').length === 30)
    assert.deepEqual(partitions(all.lines, 'read'), tracked)
    const late = await bridge.start('replay-views', /^reading/, 29)
    await bridge.run('track-views', 3, 31)
    await late.printed('the newest', (lines) => ids(lines, 'read').length >= 17)
    assert.deepEqual(ascending(ids(late.lines, 'read')), range(17, 33))
    await all.printed('33 views', (lines) => ids(lines, 'read').length === 33)
  })

  it('makes work of what Kafka produces, before and after the worker starts', async () => {
    assert.deepEqual(ids(await bridge.run('order-reports', 1, 10), 'ordered'), range(1, 10))
    const worker = await bridge.start('make-reports', /^waiting/)
    await bridge.run('order-reports', 11, 10)
    await worker.printed('20 reports', (lines) => ids(lines, 'made').length === 20)
    assert.deepEqual(ids(worker.lines, 'made'), range(1, 20))
    assert.ok(worker.lines.includes('made 7 for 2026-10 (application/json)'))
    await bridge.isDone('reports')
  })

  it('makes work of what Kafka produces to a queue that was there first', async () => {
    await using own = await Bridge.open()
    const worker = await own.start('make-reports', /^waiting/)
    await own.run('order-reports', 1, 10)
    await worker.printed('10 reports', (lines) => ids(lines, 'made').length === 10)
    assert.deepEqual(ids(worker.lines, 'made'), range(1, 10))
    await own.isDone('reports')
  })
})
