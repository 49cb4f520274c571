// A broker with what a shop has on a bad night: 200 streams over AMQP and Kafka, three of them growing, dead
// letters, delayed messages, a consumer that is stuck, and groups that lag.
import type { Channel, ConfirmChannel } from 'amqplib'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { AmqpSession } from '../../support/amqp-session.ts'
import { orderOf, queueNames, topics } from './busy-names.ts'
import type { UiUnderTest } from './open-ui.ts'

/** Queues with traffic: messages a second that come, and that a consumer takes; left out, as many as come. */
const flows: readonly { readonly queue: string; readonly rate: number; readonly taken?: number }[] =
  [
    { queue: 'orders.created', rate: 60, taken: 25 },
    { queue: 'email.notify', rate: 30, taken: 12 },
    { queue: 'search.index', rate: 20, taken: 0 },
    { queue: 'payments.requests', rate: 40 },
    { queue: 'payments.results', rate: 40 },
    { queue: 'stock.sync', rate: 15 },
    { queue: 'shipping.labels', rate: 8 },
    { queue: 'catalog.updated', rate: 5 },
    { queue: 'fraud.requests', rate: 10 },
    { queue: 'support.webhooks', rate: 2 },
  ]

const tickMs = 100

export class BusyBroker implements AsyncDisposable {
  readonly #ui: UiUnderTest
  readonly #sessions: AmqpSession[] = []
  readonly #stack = new AsyncDisposableStack()
  #count = 0

  private constructor(ui: UiUnderTest) {
    this.#ui = ui
  }

  /** Traffic goes on until it is disposed of. */
  static async start(ui: UiUnderTest): Promise<BusyBroker> {
    const busy = new BusyBroker(ui)
    await busy.#declare()
    await busy.#fill()
    await busy.#consume()
    await busy.#kafka()
    await busy.#publish()
    return busy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
    for (const session of this.#sessions) await session[Symbol.asyncDispose]()
  }

  async #session(name: string, user = 'guest'): Promise<AmqpSession> {
    const clientProperties = { connection_name: name }
    const url = `amqp://${user}:${user}@127.0.0.1:${this.#ui.broker.port}`
    const session = await AmqpSession.open(url, { clientProperties })
    this.#sessions.push(session)
    return session
  }

  async #declare(): Promise<void> {
    const session = await this.#session('set-up')
    const channel = await session.channel()
    await channel.assertExchange('shop', 'topic', { durable: true })
    await channel.assertExchange('broadcast', 'fanout', { durable: true })
    const later = { durable: true, arguments: { 'x-delayed-type': 'topic' } }
    await channel.assertExchange('later', 'x-delayed-message', later)
    await channel.assertExchange('dead', 'topic', { durable: true })
    for (const name of queueNames) {
      const isCareful = name.endsWith('.requests') || name === 'billing.invoices'
      await channel.assertQueue(name, {
        durable: true,
        arguments: {
          ...(isCareful && { 'x-queue-type': 'quorum' }),
          ...(name.endsWith('.notify') && { 'x-max-priority': 5 }),
        },
      })
      await channel.bindQueue(name, 'shop', name)
      if (name.endsWith('.audit')) await channel.bindQueue(name, 'broadcast', '')
    }
    for (const name of ['dead.orders', 'dead.payments', 'dead.email']) {
      await channel.assertQueue(name, { durable: true })
      await channel.bindQueue(name, 'dead', `${name.slice(5)}.#`)
    }
    await channel.bindQueue('orders.retries', 'later', 'orders.#')
    await channel.bindQueue('email.notify', 'later', 'email.#')
    await channel.assertQueue('audit-log', {
      durable: true,
      arguments: { 'x-queue-type': 'stream' },
    })
    await channel.bindQueue('audit-log', 'broadcast', '')
    await this.#ui.ask('PUT', '/policies/%2F/dead-letters', {
      pattern: '^(orders|payments|email)[.]',
      definition: { 'dead-letter-exchange': 'dead' },
      'apply-to': 'queues',
    })
    const all = { configure: '', write: '.*', read: '.*' }
    for (const user of ['shop', 'workers', 'mailer']) await this.#addUser(user, '', all)
    const few = { configure: '', write: '^(shop|later)$', read: '^orders[.]' }
    await this.#addUser('checkout', '', few)
    await this.#addUser('ada', 'monitoring', all)
    await this.#ui.ask('PUT', '/vhosts/staging', {})
  }

  async #addUser(name: string, tags: string, permission: object): Promise<void> {
    await this.#ui.ask('PUT', `/users/${name}`, { password: name, tags })
    await this.#ui.ask('PUT', `/permissions/%2F/${name}`, permission)
  }

  async #fill(): Promise<void> {
    const session = await this.#session('importer')
    const channel = await session.confirmChannel()
    for (const [index, name] of queueNames.entries()) {
      const count = index % 7 === 0 ? (index * 13) % 90 : 0
      for (let each = 0; each < count; each++) this.#send(channel, name)
    }
    for (let each = 0; each < 4200; each++) this.#send(channel, 'orders.created')
    for (let each = 0; each < 900; each++) this.#send(channel, 'email.notify')
    for (let each = 0; each < 25_000; each++) this.#send(channel, 'search.index')
    for (let each = 0; each < 240; each++) this.#send(channel, 'billing.invoices')
    for (let each = 0; each < 60; each++) {
      const delay = { 'x-delay': (each % 20) ** 3 * 9000 + 60_000 }
      const key = each % 3 === 0 ? 'email.reminder' : 'orders.retry'
      channel.publish('later', key, Buffer.from(orderOf(each)), {
        headers: delay,
        persistent: true,
      })
    }
    for (let each = 0; each < 17; each++) {
      this.#send(channel, 'payments.refunds', each < 5 ? { expiration: '1' } : {})
      this.#send(channel, 'orders.cancelled', exception)
    }
    await channel.waitForConfirms()
    // What a consumer does not want dies.
    for (const queue of ['orders.cancelled', 'payments.refunds']) {
      for (let each = 0; each < 12; each++) {
        const message = await channel.get(queue)
        if (message !== false) channel.nack(message, false, false)
      }
    }
  }

  async #consume(): Promise<void> {
    for (const { queue, taken } of flows) {
      if (taken === 0) continue
      const [team = ''] = queue.split('.')
      const user = team === 'email' ? 'mailer' : 'workers'
      const session = await this.#session(`${team}-${queue.length}`, user)
      const channel = await session.channel()
      const prefetch = taken === undefined ? 100 : Math.max(1, Math.round((taken * tickMs) / 1000))
      await channel.prefetch(prefetch)
      await consumeSlowly(channel, queue, taken === undefined ? 0 : tickMs, this.#stack)
    }
    // Ten messages in its hands, and not one ack.
    const stuck = await this.#session('billing-7', 'workers')
    const channel = await stuck.channel()
    await channel.prefetch(10)
    await channel.consume('billing.invoices', () => undefined, { consumerTag: 'invoice-printer' })
  }

  async #kafka(): Promise<void> {
    const brokers = [`127.0.0.1:${this.#ui.broker.kafkaPort}`]
    const kafka = new Kafka({ brokers, clientId: 'web-shop', logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    const producer = kafka.producer({ idempotent: true })
    await Promise.all([admin.connect(), producer.connect()])
    this.#stack.defer(() => producer.disconnect())
    await admin.createTopics({
      topics: Object.entries(topics).map(([topic, numPartitions]) => ({ topic, numPartitions })),
    })
    for (const [index, topic] of Object.keys(topics).entries()) {
      await this.#produce(producer, topic, 400 - index * 30)
    }
    const offsets = Array.from({ length: 6 }, (_, partition) => ({ partition, offset: '5' }))
    await admin.setOffsets({
      groupId: 'warehouse-loader',
      topic: 'page-views',
      partitions: offsets,
    })
    await admin.setOffsets({ groupId: 'old-reports', topic: 'clicks', partitions: offsets })
    await admin.disconnect()
    for (const [groupId, topic] of [
      ['analytics', 'page-views'],
      ['recommender', 'clicks'],
      ['pricing', 'price-changes'],
    ] as const) {
      const own = new Kafka({ brokers, clientId: groupId, logLevel: logLevel.NOTHING })
      const consumer = own.consumer({ groupId })
      await consumer.connect()
      this.#stack.defer(() => consumer.disconnect())
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({ eachBatch: async () => undefined })
    }
    this.#every(1000, () => {
      for (const topic of ['page-views', 'clicks', 'price-changes']) {
        this.#produce(producer, topic, topic === 'page-views' ? 120 : 30).catch(() => undefined)
      }
    })
  }

  async #produce(producer: Producer, topic: string, count: number): Promise<void> {
    const messages = Array.from({ length: count }, (_, index) => ({
      key: `user-${index % 50}`,
      value: orderOf(index),
      headers: { source: 'web' },
    }))
    await producer.send({ topic, messages })
  }

  async #publish(): Promise<void> {
    const session = await this.#session('web-shop-1', 'shop')
    const channel = await session.confirmChannel()
    const owed = new Map<string, number>()
    this.#every(tickMs, () => {
      for (const { queue, rate } of flows) {
        let due = (owed.get(queue) ?? 0) + (rate * tickMs) / 1000
        for (; due >= 1; due--) this.#send(channel, queue)
        owed.set(queue, due)
      }
    })
  }

  #send(
    channel: ConfirmChannel | Channel,
    queue: string,
    options: Parameters<Channel['publish']>[3] = {},
  ): void {
    const number = ++this.#count
    channel.publish('shop', queue, Buffer.from(orderOf(number)), {
      persistent: true,
      contentType: 'application/json',
      messageId: `m-${number}`,
      timestamp: Math.floor(Date.now() / 1000),
      appId: 'web-shop',
      ...options,
    })
  }

  #every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms)
    this.#stack.defer(() => clearInterval(timer))
  }
}

/** As Spring leaves it. */
const exception = {
  headers: {
    'x-exception-message': 'Card expired',
    'x-exception-stacktrace':
      'com.shop.PaymentRefused: Card expired\n\tat com.shop.Pay.charge(Pay.java:41)',
  },
}

/** Acks what it has each `everyMs`; 0 acks at once. */
async function consumeSlowly(
  channel: Channel,
  queue: string,
  everyMs: number,
  stack: AsyncDisposableStack,
): Promise<void> {
  let isWaiting = false
  await channel.consume(queue, (message) => {
    if (message === null) return
    if (everyMs === 0) channel.ack(message)
    else isWaiting = true
  })
  if (everyMs === 0) return
  const timer = setInterval(() => {
    if (isWaiting) channel.ackAll()
    isWaiting = false
  }, everyMs)
  stack.defer(() => clearInterval(timer))
}
