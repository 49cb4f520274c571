// A client that takes single messages with basic.get, with and without acks.

import type { ConfirmChannel, GetMessage } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import type { Copy, Stream } from './ledger.ts'
import type { ActorSession, Load } from './load.ts'
import { RecordedChannel } from './publisher.ts'
import { consumedQueues, directTo } from './stable-topology.ts'

interface Getter {
  readonly load: Load
  readonly amqp: ConfirmChannel
  readonly stream: Stream
  readonly random: Random
}

export async function getUntilKilled(
  load: Load,
  actor: ActorSession,
  { name, random }: { name: string; random: Random },
): Promise<void> {
  const amqp = await actor.session.confirmChannel()
  const channel = new RecordedChannel(amqp, load.ledger, name)
  const getter: Getter = { load, amqp, stream: channel.stream, random }
  while (!actor.isClosed()) {
    const queue = consumedQueues[random.below(consumedQueues.length)] as string
    await getOne(getter, queue)
    if (random.below(20) > 0) continue
    channel.publish(directTo('work.0'), random.below(0x1_0000_0000), 'mixed')
  }
}

async function getOne(getter: Getter, queueName: string): Promise<void> {
  const { load, amqp, stream, random } = getter
  const { ledger } = load
  const queue = ledger.queue(queueName)
  const noAck = random.below(4) === 0
  const settlement = random.below(10)
  const sentAt = ledger.history.note(stream.name, noAck ? 'takes from' : 'asks for one', queueName)
  if (noAck) queue.lossesAllowed++
  const message = await amqp.get(queueName, { noAck })
  if (noAck) queue.lossesAllowed--
  ledger.replied(stream, sentAt)
  if (message === false) return
  const copy = ledger.received(stream.name, queue, message)
  if (copy === undefined) return
  if (!noAck) settle(getter, { copy, message }, settlement)
  else {
    const time = ledger.history.now
    const why = 'taken without ack'
    ledger.remove(copy, { why, stream, sentAt: time, handledAt: time, transaction: undefined })
  }
}

/** Acks most, requeues some, and keeps few to itself. */
function settle(
  { load, amqp, stream }: Getter,
  { copy, message }: { copy: Copy; message: GetMessage },
  settlement: number,
): void {
  const { ledger } = load
  const { queue, message: recorded } = copy
  if (settlement === 0) return
  if (settlement < 3) {
    ledger.history.note(stream.name, 'requeues', queue.name, recorded.id)
    amqp.nack(message, false, true)
    return
  }
  const sentAt = ledger.history.note(stream.name, 'acks', queue.name, recorded.id)
  const why = `${stream.name} acks it at ${sentAt}`
  ledger.remove(copy, { why, stream, sentAt, transaction: undefined })
  amqp.ack(message)
}
