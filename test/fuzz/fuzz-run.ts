// Fuzzed connections against one broker in this process, one after the other, with an innocent
// client beside them, while damaged requests change policies of their queues. After each connection nothing of it may be left: no connection, channel,
// consumer, exclusive queue, unacked message or parked byte; and what it left on purpose must add up.

import assert from 'node:assert/strict'
import { Queue } from '../../src/broker/queue/queue.ts'
import type { MemoryChaos } from '../../src/log/memory/memory-log-store.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { BrokerInProcess } from '../support/broker-in-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'
import { runFuzzSession, type SessionEnd } from './fuzz-session.ts'
import { PolicyFuzz } from './policy-fuzz.ts'

const storeQueue = 'innocent-store'
const workQueue = 'innocent-work'
const storedCount = 20
/** What is asked of policies has choices of its own: it goes on beside the connection. */
const policySeeds = 0x4000_0000

export interface FuzzRunOptions {
  readonly seed: number
  readonly connections: number
  /** Late commits. */
  readonly chaos?: MemoryChaos
  readonly onConnection?: (seed: number, end: SessionEnd) => void
}

/** Connection n is fuzzed with seed + n; an error names that seed. Returns how sessions ended. */
export async function runFuzz(options: FuzzRunOptions): Promise<Map<SessionEnd, number>> {
  await using run = await FuzzRun.start(options)
  const ends = new Map<SessionEnd, number>()
  const last = options.seed + options.connections
  for (let seed = options.seed; seed < last; seed++) {
    const end = await run.next(seed)
    ends.set(end, (ends.get(end) ?? 0) + 1)
    options.onConnection?.(seed, end)
  }
  await run.checkStored()
  return ends
}

class FuzzRun implements AsyncDisposable {
  readonly #broker: BrokerInProcess
  readonly #innocent: RawClient
  readonly #policies: PolicyFuzz
  readonly #exchangeCount: number

  private constructor(broker: BrokerInProcess, innocent: RawClient, policies: PolicyFuzz) {
    this.#broker = broker
    this.#innocent = innocent
    this.#policies = policies
    this.#exchangeCount = broker.broker.counts().exchanges
  }

  static async start({ chaos }: FuzzRunOptions): Promise<FuzzRun> {
    const broker = await BrokerInProcess.start(chaos === undefined ? {} : { chaos })
    const innocent = await RawClient.openChannel(broker.port)
    const run = new FuzzRun(broker, innocent, await PolicyFuzz.open(broker.broker))
    await run.#fillStore()
    return run
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#policies[Symbol.asyncDispose]()
    await this.#innocent[Symbol.asyncDispose]()
    await this.#broker[Symbol.asyncDispose]()
  }

  async next(seed: number): Promise<SessionEnd> {
    const crashed = (error: Error): void => {
      process.stderr.write(`fuzz seed ${seed}: the broker crashed: ${error.message}\n`)
    }
    process.on('uncaughtExceptionMonitor', crashed)
    try {
      const random = seededRandom(seed)
      const onQuiet = (): void => this.#checkParked()
      const [end] = await Promise.all([
        runFuzzSession({ port: this.#broker.port, random, onQuiet }),
        this.#policies.run(seededRandom(seed + policySeeds)),
      ])
      await this.#checkNothingLeft()
      await this.#checkInnocent(seed)
      await this.#clear()
      return end
    } catch (error) {
      throw new Error(`fuzz seed ${seed}: ${(error as Error).message}`, { cause: error })
    } finally {
      process.off('uncaughtExceptionMonitor', crashed)
    }
  }

  /** The innocent client's messages are all there, in order. */
  async checkStored(): Promise<void> {
    for (let index = 0; index < storedCount; index++) {
      this.#innocent.send(1, 'basic.get', { queue: storeQueue, noAck: true })
      const { body } = await this.#innocent.expectMessage(1, 'basic.get-ok')
      assert.equal(body.toString(), `stored ${index}`)
    }
  }

  async #fillStore(): Promise<void> {
    const client = this.#innocent
    await client.call(1, 'confirm.select')
    await client.call(1, 'queue.declare', { queue: storeQueue, durable: true })
    await client.call(1, 'queue.declare', { queue: workQueue, exclusive: true })
    for (let index = 0; index < storedCount; index++) {
      client.publish(1, { routingKey: storeQueue }, `stored ${index}`)
      await client.expect(1, 'basic.ack')
    }
  }

  async #checkInnocent(seed: number): Promise<void> {
    const client = this.#innocent
    const body = `seed ${seed}`
    client.publish(1, { routingKey: workQueue }, body)
    await client.expect(1, 'basic.ack')
    client.send(1, 'basic.get', { queue: workQueue, noAck: true })
    assert.equal((await client.expectMessage(1, 'basic.get-ok')).body.toString(), body)
    const { messageCount } = await client.call(1, 'queue.declare', {
      queue: storeQueue,
      passive: true,
    })
    assert.equal(messageCount, storedCount, 'messages of the innocent client')
  }

  /** Parked bytes may never be negative. */
  #checkParked(): void {
    assert.ok(this.#broker.memory.sizes.parked >= 0, 'parked bytes are counted right')
  }

  async #checkNothingLeft(): Promise<void> {
    const { broker, clients, store, memory, bugs } = this.#broker
    await waitFor('the connection is forgotten', () => clients.size === 1)
    await waitFor('everything is committed', () => store.uncommittedSize === 0)
    assert.deepEqual(
      bugs.map((bug) => bug.stack),
      [],
      'errors of the broker itself',
    )
    assert.equal(clients.channelCount, 1, 'channels')
    const nothing = { input: 0, parked: 0, output: 0, unacked: 0 }
    assert.deepEqual(memory.sizes, nothing, 'memory that is accounted for')
    const { consumers, unacked } = broker.counts()
    // A queue with a source is a consumer of it.
    const queues = [...broker.getVHost('/').queues()]
    const sourced = queues.filter((queue) => queue instanceof Queue && queue.source !== undefined)
    assert.deepEqual({ consumers, unacked }, { consumers: sourced.length, unacked: 0 })
    assert.equal(broker.replies.size, 0, 'reply addresses')
    for (const queue of queues) {
      assert.ok(!queue.isExclusive || queue.name === workQueue, `${queue.name} is gone`)
    }
  }

  /** Empties and deletes what the connection left. */
  async #clear(): Promise<void> {
    const { broker } = this.#broker
    await this.#policies.clear()
    const vhost = broker.getVHost('/')
    const left = Array.from(vhost.queues()).filter(({ name }) => !name.startsWith('innocent-'))
    for (const queue of left) {
      if (queue instanceof Queue) await drain(queue)
      // It may have gone by itself: it expires.
      if (vhost.findQueue(queue.name) === queue) broker.deleteQueue(queue)
    }
    const exchanges = Array.from(vhost.exchanges(), ({ name }) => name)
    for (const name of exchanges) {
      if (name !== '' && !name.startsWith('amq.')) vhost.deleteExchange(name, { ifUnused: false })
    }
    assert.equal(broker.counts().exchanges, this.#exchangeCount, 'exchanges')
  }
}

/** Takes every message; each ack must take one from what the queue says that it has. */
async function drain(queue: Queue): Promise<void> {
  const view = new RecordView()
  // Some wait for their next try, and come when that is due.
  await waitFor(`${queue.name} is empty`, async () => {
    await takeReady(queue, view)
    return queue.isDeleted || queue.messageCount === 0
  })
  assert.ok(queue.isDeleted || queue.readyCount === 0, `${queue.name} has nothing ready`)
}

async function takeReady(queue: Queue, view: RecordView): Promise<void> {
  while (!queue.isDeleted) {
    const result = queue.take(view)
    if (result === 'empty') return
    if (result === 'wait') {
      await new Promise<void>((resolve) => queue.whenReadable(resolve))
      continue
    }
    const count = queue.messageCount
    queue.settle(view.offset, 'ack')
    assert.equal(queue.messageCount, count - 1, `messages of ${queue.name} after an ack`)
  }
}
