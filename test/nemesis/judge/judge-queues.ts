// What was promised of messages in queues: none is lost, none invented, none comes back once its ack is durable, and
// each publisher's come in order.
import { isRejected } from '../clients/amqp-consumer.ts'
import { deadQueue } from '../clients/declare-all.ts'
import type { Left } from '../clients/drain-all.ts'
import type { Delivered, History } from '../history.ts'

export function judgeQueues(history: History, { queues: left }: Left): string[] {
  const dead = left[deadQueue] ?? []
  return [
    ...lost(history, left),
    ...invented(history, left),
    ...cameBack(history, left),
    ...outOfOrder(history.delivered),
    ...unmarked(history.delivered),
    ...Object.entries(left).flatMap(([queue, ids]) => twice(`left in ${queue}`, ids)),
    ...dead
      .filter((id) => !isRejected(id))
      .map((id) => `${id} is in ${deadQueue} and nobody rejected it`),
  ]
}

function lost({ sent, delivered }: History, left: Left['queues']): string[] {
  const seen = new Set(delivered.map(({ id, queue }) => `${queue} ${id}`))
  for (const [queue, ids] of Object.entries(left)) for (const id of ids) seen.add(`${queue} ${id}`)
  const dead = new Set(left[deadQueue])
  const remains = new Set(Object.values(left).flat())
  return sent.flatMap(({ from, seq, to, outcome }) => {
    if (outcome !== 'confirmed' || to.includes('/')) return []
    const id = `${from}:${seq}`
    if (dead.has(id)) return []
    if (!seen.has(`${to} ${id}`)) return [`${id} for ${to} was confirmed and is gone`]
    // Whoever gets it rejects it, so it must be in the other queue by now.
    if (isRejected(id) && !remains.has(id))
      return [`${id} was confirmed and is gone, after it was rejected`]
    return []
  })
}

function invented({ sent }: History, left: Left['queues']): string[] {
  const known = new Map(sent.map(({ from, seq, to }) => [`${from}:${seq}`, to]))
  return Object.entries(left).flatMap(([queue, ids]) =>
    ids.flatMap((id) => {
      const to = known.get(id)
      const isThere = to === queue || (queue === deadQueue && to !== undefined)
      return isThere ? [] : [`${queue} has ${id}, which nobody has sent there`]
    }),
  )
}

function cameBack({ delivered, settled }: History, left: Left['queues']): string[] {
  const settledAt = new Map(settled.map(({ id, order }) => [id, order]))
  const again = delivered.flatMap(({ id, queue, order }) =>
    order > (settledAt.get(id) ?? Infinity)
      ? [`${id} came back from ${queue} after its ack was durable`]
      : [],
  )
  const still = Object.entries(left).flatMap(([queue, ids]) =>
    ids
      .filter((id) => settledAt.has(id))
      .map((id) => `${id} is still in ${queue} after its ack was durable`),
  )
  return [...again, ...still]
}

/** On one connection each publisher's messages come in the order in which they were sent. */
function outOfOrder(delivered: readonly Delivered[]): string[] {
  const last = new Map<string, number>()
  const wrongs: string[] = []
  for (const { id, queue, session } of delivered) {
    const [from = '', seq = ''] = id.split(':')
    const key = `${session} ${queue} ${from}`
    const before = last.get(key) ?? -1
    if (Number(seq) <= before) wrongs.push(`${queue}: ${id} came after ${from}:${before}`)
    last.set(key, Number(seq))
  }
  return wrongs
}

/** Who sees a message for the second time is told so. */
function unmarked(delivered: readonly Delivered[]): string[] {
  const seen = new Set<string>()
  return delivered.flatMap(({ id, queue, isRedelivered }) => {
    const key = `${queue} ${id}`
    const isWrong = seen.has(key) && !isRedelivered
    seen.add(key)
    return isWrong ? [`${id} came from ${queue} for the second time without being marked`] : []
  })
}

function twice(where: string, ids: readonly string[]): string[] {
  const seen = new Set<string>()
  return ids.flatMap((id) => {
    if (seen.has(id)) return [`${id} is ${where} twice`]
    seen.add(id)
    return []
  })
}
