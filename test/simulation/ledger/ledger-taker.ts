// A consumer of AMQP at the work queue that transactions write to, too: it gets messages, acks most of them, and goes.
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import { emptyTable } from '../../../src/record/message/field-table.ts'
import type { AmqpChannel } from '../amqp/amqp-channel.ts'
import type { AmqpLife } from '../amqp/amqp-protocol.ts'
import { type LedgerWorld, tasksQueue } from './ledger-world.ts'

export interface TakenTask {
  readonly tag: number
  readonly value: string
}

export class LedgerTaker {
  readonly #ledger: LedgerWorld

  constructor(ledger: LedgerWorld) {
    this.#ledger = ledger
  }

  /** One connection's work. */
  readonly work = async (life: AmqpLife): Promise<void> => {
    const { draw, world, connection, name } = life
    const channel = await connection.channel()
    await declareTasks(channel)
    this.#ledger.hasTasks = true
    for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
      const task = await takeTask(channel)
      if (task !== undefined) {
        world.history.onNote(name, `gets '${task.value}'`)
        this.#ledger.taken.add(task.value)
        if (draw.chance(0.8)) ackTask(channel, task)
      }
      await life.step()
    }
  }
}

/** Says how many messages are ready. Rejects with `Ended`. */
export async function declareTasks(channel: AmqpChannel): Promise<number> {
  const method = { queue: tasksQueue, passive: false, durable: true, exclusive: false } as const
  const rest = { autoDelete: false, noWait: false, arguments: emptyTable } as const
  let count = -1
  await channel.request({ id: amqp.QUEUE_DECLARE, ...method, ...rest }, (reply) => {
    if ('messageCount' in reply) count = reply.messageCount
  })
  return count
}

/** Undefined when nothing is ready. Rejects with `Ended`. */
export async function takeTask(channel: AmqpChannel): Promise<TakenTask | undefined> {
  let task: TakenTask | undefined
  await channel.request({ id: amqp.BASIC_GET, queue: tasksQueue, noAck: false }, (reply) => {
    if ('body' in reply) task = { tag: reply.method.deliveryTag, value: String(reply.body) }
  })
  return task
}

export function ackTask(channel: AmqpChannel, { tag: deliveryTag }: TakenTask): void {
  channel.send({ id: amqp.BASIC_ACK, deliveryTag, multiple: false })
}
