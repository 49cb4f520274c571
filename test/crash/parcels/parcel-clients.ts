// What clients do with parcels until the broker is killed.
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import { BrokerClient } from '../../../src/cli/broker-client.ts'
import type { Random } from '../../../src/lib/random.ts'
import type { ParcelQueue } from '../../simulation/parcels/parcel-plan.ts'
import type { Parcel } from '../../simulation/parcels/parcel.ts'
import { type ParcelBook, parcelQueues, type SentAck } from './parcel-book.ts'

const windowSize = 60
/** Acks after which a consumer waits until they are done. */
const acksAtOnce = 10

/** Sends again what deduplicating queues have not confirmed, and then new ones. */
export async function publishParcels(
  channel: ConfirmChannel,
  book: ParcelBook,
  random: Random,
): Promise<void> {
  const state = { unconfirmed: 0, isOpen: true }
  let wake = (): void => undefined
  channel.once('close', () => {
    state.isOpen = false
    wake()
  })
  const publish = (parcel: Parcel): void => {
    const { exchange, routingKey } = parcel.queue.entry!
    const headers = parcel.queue.isOnce === true && { 'x-deduplication-header': parcel.id }
    const options = { persistent: true, ...(headers && { headers }) }
    state.unconfirmed++
    channel.publish(exchange, routingKey, Buffer.from(parcel.id), options, (error) => {
      state.unconfirmed--
      if (error === null) parcel.isConfirmed = true
      wake()
    })
  }
  const entries = parcelQueues.filter(({ entry }) => entry !== undefined)
  for (const queue of entries.filter(({ isOnce }) => isOnce === true)) {
    for (const parcel of book.of(queue)) if (!parcel.isConfirmed) publish(parcel)
  }
  while (state.isOpen) {
    for (let left = 1 + random.below(20); left > 0; left--) {
      const queue = entries[random.below(entries.length)]!
      const before = queue.isOnce === true ? book.of(queue) : []
      const isRepeat = before.length > 0 && random.below(3) === 0
      publish(
        isRepeat
          ? before[before.length - 1 - random.below(Math.min(20, before.length))]!
          : book.add(queue),
      )
    }
    do await new Promise<void>((resolve) => (wake = resolve))
    while (state.isOpen && state.unconfirmed > windowSize)
  }
}

/** Acks three of four, and gives back the others. */
export async function consumeParcels(
  channel: Channel,
  queue: ParcelQueue,
  { book, random }: { readonly book: ParcelBook; readonly random: Random },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  channel.once('close', resolve)
  let acks: SentAck[] = []
  const take = (message: ConsumeMessage): void => {
    const parcel = book.take(queue, message)
    if (random.below(4) === 0) {
      channel.nack(message)
      return
    }
    channel.ack(message)
    acks.push(book.onAck(parcel, queue))
    if (acks.length < acksAtOnce) return
    const sent = acks
    acks = []
    channel.prefetch(20).then(() => book.onTaken(sent), resolve)
  }
  await channel.prefetch(20)
  await channel.consume(queue.name, (message) => {
    try {
      if (message !== null) take(message)
    } catch (error) {
      reject(error)
    }
  })
  await promise
}

/** Rewinds the queue that keeps what was acked, as `pabal queue rewind` does, while the broker answers. */
export async function rewindParcels(
  dataFolder: string,
  book: ParcelBook,
  isOver: () => boolean,
): Promise<number> {
  const client = new BrokerClient(dataFolder)
  const kept = parcelQueues.find(({ isKept }) => isKept === true)!
  const path = ['queues', '/', kept.name, 'rewind']
  for (let count = 0; ; count++) {
    const acked = book.ackedIn(kept)
    const answer = await client.ask('POST', path, { offset: 0 }).catch(() => undefined)
    if (answer === undefined) return count
    if (answer.status !== 200) throw new Error(`a rewind was answered by ${answer.status}`)
    book.onRewound(acked)
    if (isOver()) return count
  }
}
