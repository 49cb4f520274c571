// Fuzzed connections against one broker in this process, one after the other, with an innocent
// client beside them. After each connection nothing of it may be left: no connection, channel,
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

const storeQueue = 'innocent-store'
const workQueue = 'innocent-work'
const storedCount = 20

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
  readonly #exchangeCount: number

  private constructor(broker: BrokerInProcess, innocent: RawClient) {
    this.#broker = broker
    this.#innocent = innocent
    this.#exchangeCount = broker.broker.counts().exchanges
  }

  static async start({ chaos }: FuzzRunOptions): Promise<FuzzRun> {
    const broker = await BrokerInProcess.start(chaos === undefined ? {} : { chaos })
    const innocent = await RawClient.openChannel(broker.port)
    const run = new FuzzRun(broker, innocent)
    await run.#fillStore()
    return run
  }

  async [Symbol.asyncDispose](): Promise<void> {
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
      const end = await runFuzzSession({ port: this.#broker.port, random, onQuiet })
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
    assert.deepEqual({ consumers, unacked }, { consumers: 0, unacked: 0 })
    assert.equal(broker.replies.size, 0, 'reply addresses')
    for (const queue of broker.getVHost('/').queues()) {
      assert.ok(!queue.isExclusive || queue.name === workQueue, `${queue.name} is gone`)
    }
  }

  /** Empties and deletes what the connection left. */
  async #clear(): Promise<void> {
    const { broker } = this.#broker
    const vhost = broker.getVHost('/')
    const left = Array.from(vhost.queues()).filter(({ name }) => !name.startsWith('innocent-'))
    for (const queue of left) {
      if (queue instanceof Queue) await drain(queue)
      broker.deleteQueue(queue)
    }
    const exchanges = Array.from(vhost.exchanges(), ({ name }) => name)
    for (const name of exchanges) {
      if (name !== '' && !name.startsWith('amq.')) vhost.deleteExchange(name, { ifUnused: false })
    }
    assert.equal(broker.counts().exchanges, this.#exchangeCount, 'exchanges')
  }
}

/** Takes every message; their number must be what the queue said. */
async function drain(queue: Queue): Promise<void> {
  const view = new RecordView()
  let count = queue.messageCount
  for (;;) {
    const result = queue.take(view)
    if (result === 'empty') break
    if (result === 'wait') {
      await new Promise<void>((resolve) => queue.whenReadable(resolve))
      continue
    }
    count--
    queue.settle(view.offset, 'ack')
  }
  assert.equal(count, 0, `messages that ${queue.name} counted too many`)
  assert.equal(queue.messageCount, 0)
}
