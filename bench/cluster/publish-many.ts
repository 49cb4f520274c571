// Load that takes its time: persistent messages to one queue, with a window of unconfirmed ones.
import { once } from 'node:events'
import { connect } from 'amqplib'

export const queue = 'bench'

export interface Load {
  readonly count: number
  readonly size: number
  /** Unconfirmed at the same time. */
  readonly window: number
}

/** Resolves when all are confirmed, with the seconds that it took. */
export async function publishMany(port: number, { count, size, window }: Load): Promise<number> {
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}`, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(queue, { durable: true })
  const body = Buffer.alloc(size, 'x')
  const begun = performance.now()
  // A semaphore of as many places as there may be unconfirmed ones.
  const places: Promise<void>[] = []
  for (let n = 0; n < count; n++) {
    await places[n % window]
    const confirmed = Promise.withResolvers<void>()
    places[n % window] = confirmed.promise
    const onConfirm = (): void => confirmed.resolve()
    const hasRoom = channel.sendToQueue(queue, body, { persistent: true }, onConfirm)
    if (!hasRoom) await once(channel, 'drain')
  }
  await channel.waitForConfirms()
  const seconds = (performance.now() - begun) / 1000
  await connection.close()
  return seconds
}

/** Takes and acks so many. */
export async function consumeMany(port: number, count: number): Promise<void> {
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}`, { noDelay: true })
  const channel = await connection.createChannel()
  await channel.prefetch(1000)
  let taken = 0
  await new Promise<void>((resolve, reject) => {
    const onMessage = (message: Parameters<Parameters<typeof channel.consume>[1]>[0]): void => {
      if (message === null) return
      taken++
      // Every hundredth acks all before it, and the last one.
      if (taken % 100 === 0 || taken === count) channel.ack(message, true)
      if (taken === count) resolve()
    }
    channel.consume(queue, onMessage).catch(reject)
  })
  await channel.checkQueue(queue)
  await connection.close()
}
