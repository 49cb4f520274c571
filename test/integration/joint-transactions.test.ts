// One transaction over AMQP and Kafka: what a connection with `transactional_id` commits is decided by the Kafka
// producer that has the id (docs/exactly-once.md).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Admin, Kafka, logLevel, type Producer, type Transaction } from 'kafkajs'
import { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

let broker: TestBroker
let kafka: Kafka
let admin: Admin
let names = 0
before(async () => {
  broker = await TestBroker.start(['--kafka-port', '0', '--http-port', '0'])
  const brokers = [`127.0.0.1:${broker.kafkaPort}`]
  const retry = { initialRetryTime: 50, retries: 20, maxRetryTime: 200 }
  kafka = new Kafka({ brokers, retry, logLevel: logLevel.NOTHING })
  admin = kafka.admin()
  await admin.connect()
})
after(async () => {
  await admin.disconnect()
  await broker[Symbol.asyncDispose]()
})

/** A queue with these messages, a queue for what becomes of them, a topic, and a producer. */
class Scene implements AsyncDisposable {
  readonly id: string = `id-${names++}`
  readonly from: string = `${this.id}-from`
  readonly to: string = `${this.id}-to`
  readonly topic: string = `${this.id}-topic`
  readonly producer: Producer
  readonly plain: RawClient

  private constructor(plain: RawClient) {
    this.plain = plain
    this.producer = kafka.producer({ transactionalId: this.id, maxInFlightRequests: 1 })
  }

  static async open(...messages: string[]): Promise<Scene> {
    const scene = new Scene(await RawClient.openChannel(broker.port))
    for (const queue of [scene.from, scene.to]) {
      await scene.plain.call(1, 'queue.declare', { queue, durable: true })
    }
    for (const message of messages) scene.plain.publish(1, { routingKey: scene.from }, message)
    await waitFor('all are there', async () => (await scene.count(scene.from)) === messages.length)
    await admin.createTopics({ topics: [{ topic: scene.topic, numPartitions: 1 }] })
    await scene.producer.connect()
    return scene
  }

  /** A connection whose commits belong to the producer's transactions. */
  async join(): Promise<RawClient> {
    const clientProperties = { transactional_id: ['S', this.id] } as const
    const client = await RawClient.openChannel(broker.port, { clientProperties })
    await client.call(1, 'tx.select')
    return client
  }

  async begin(): Promise<Transaction> {
    const transaction = await this.producer.transaction()
    await transaction.send({ topic: this.topic, messages: [{ value: 'record' }] })
    await transaction.sendOffsets({
      consumerGroupId: this.id,
      topics: [{ topic: this.topic, partitions: [{ partition: 0, offset: '7' }] }],
    })
    return transaction
  }

  async count(queue: string, client: RawClient = this.plain): Promise<number> {
    const answer = await client.call(1, 'queue.declare', { queue, passive: true })
    return Number(answer['messageCount'])
  }

  async committedOffset(): Promise<number> {
    const [found] = await admin.fetchOffsets({ groupId: this.id, topics: [this.topic] })
    return Number(found?.partitions[0]?.offset ?? -1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.producer.disconnect()
    await this.plain[Symbol.asyncDispose]()
  }
}

/** How many acks and messages of AMQP a transaction holds, as it is shown. */
async function heldOf(id: string): Promise<unknown[]> {
  const answer = await fetch(`http://127.0.0.1:${broker.httpPort}/api/v1/transactions/${id}`, {
    headers: { authorization: `Basic ${btoa('guest:guest')}` },
  })
  const shown = (await answer.json()) as { readonly acks: unknown; readonly publishes: unknown }
  return [shown.acks, shown.publishes]
}

/** Takes a message and acks it, publishes one, and hands both over. */
async function work(scene: Scene, client: RawClient): Promise<string> {
  client.send(1, 'basic.get', { queue: scene.from })
  const { method, body } = await client.expectMessage(1, 'basic.get-ok')
  client.publish(1, { routingKey: scene.to }, `done ${body.toString()}`)
  client.send(1, 'basic.ack', { deliveryTag: method.args['deliveryTag'] as number })
  await client.call(1, 'tx.commit')
  return body.toString()
}

async function take(client: RawClient, queue: string): Promise<string> {
  client.send(1, 'basic.get', { queue, noAck: true })
  return (await client.expectMessage(1, 'basic.get-ok')).body.toString()
}

describe('a transaction over AMQP and Kafka', () => {
  it('commits an ack, a publish, a record and an offset together', async () => {
    await using scene = await Scene.open('a')
    const transaction = await scene.begin()
    await using client = await scene.join()
    await work(scene, client)
    assert.equal(await scene.count(scene.from), 0, 'what is acked is not ready')
    assert.equal(await scene.count(scene.to), 0, 'what is published is not there')
    assert.equal(await scene.committedOffset(), -1)
    assert.deepEqual(await heldOf(scene.id), [1, 1])
    await transaction.commit()
    assert.equal(await scene.count(scene.to), 1)
    assert.deepEqual(await heldOf(scene.id), [0, 0])
    assert.equal(await take(scene.plain, scene.to), 'done a')
    await client[Symbol.asyncDispose]()
    assert.equal(await scene.count(scene.from), 0, 'the ack is done')
    assert.equal(await scene.committedOffset(), 7)
  })

  it('gives back what was acked and drops what was published when it is aborted', async () => {
    await using scene = await Scene.open('a', 'b')
    const transaction = await scene.begin()
    await using client = await scene.join()
    await work(scene, client)
    await transaction.abort()
    assert.equal(await scene.count(scene.to), 0)
    assert.equal(await scene.count(scene.from), 2)
    assert.equal(await take(scene.plain, scene.from), 'a')
  })

  it('outlives the connection that handed its work over', async () => {
    await using scene = await Scene.open('a')
    const transaction = await scene.begin()
    const client = await scene.join()
    await work(scene, client)
    await client[Symbol.asyncDispose]()
    assert.equal(await scene.count(scene.from), 0)
    await transaction.commit()
    assert.equal(await scene.count(scene.to), 1)
    assert.equal(await scene.count(scene.from), 0)
  })

  it('fences whoever joined an earlier producer of the id', async () => {
    await using scene = await Scene.open('a')
    await (await scene.begin()).abort()
    const zombie = await scene.join()
    zombie.send(1, 'basic.get', { queue: scene.from })
    await zombie.expectMessage(1, 'basic.get-ok')
    const later = kafka.producer({ transactionalId: scene.id, maxInFlightRequests: 1 })
    await later.connect()
    const transaction = await later.transaction()
    zombie.send(1, 'basic.ack', { deliveryTag: 1 })
    zombie.send(1, 'tx.commit')
    const close = await zombie.expectClose(1)
    assert.equal(close.code, 406)
    assert.match(close.text, /newer producer/)
    await transaction.abort()
    await later.disconnect()
    await zombie[Symbol.asyncDispose]()
    await waitFor('it is back', async () => (await scene.count(scene.from)) === 1)
  })

  it('is refused where nobody has the id', async () => {
    const clientProperties = { transactional_id: ['S', 'nobody'] } as const
    const client = await RawClient.tune(broker.port, { clientProperties })
    const close = await client.expectClose(0)
    assert.equal(close.code, 406)
    assert.match(close.text, /There is no transactional id 'nobody'/)
  })

  for (const isCommit of [true, false]) {
    it(`is ${isCommit ? 'committed' : 'aborted'} as a whole after kill -9`, async () => {
      const scene = await Scene.open('a', 'b')
      const transaction = await scene.begin()
      const client = await scene.join()
      await work(scene, client)
      await broker.kill()
      await broker.restart()
      await using plain = await RawClient.openChannel(broker.port)
      assert.equal(await scene.count(scene.from, plain), 1, 'what is acked is held')
      assert.equal(await scene.count(scene.to, plain), 0)
      if (isCommit) await transaction.commit()
      else await transaction.abort()
      assert.equal(await scene.count(scene.to, plain), isCommit ? 1 : 0)
      assert.equal(await scene.count(scene.from, plain), isCommit ? 1 : 2)
      assert.equal(await take(plain, scene.from), isCommit ? 'b' : 'a')
      await scene.producer.disconnect()
    })
  }
})
