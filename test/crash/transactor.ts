// A client whose acks and publishes are in transactions, some of which it rolls back or leaves open.

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Channel, GetMessage } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import type { Copy, Stream, Transaction } from './ledger.ts'
import type { ActorSession, Load } from './load.ts'
import { planMessage } from './message-plan.ts'
import { directTo, fanOut, transactionSource, transactionTarget } from './stable-topology.ts'

/** amqplib knows the methods of transactions and has no functions for them. */
type TransactionMethod = 'Select' | 'Commit' | 'Rollback'
interface RpcChannel {
  rpc(method: number, fields: object, expected: number): Promise<unknown>
}

const require = createRequire(import.meta.url)
const definitions = require(join(dirname(require.resolve('amqplib')), 'lib/defs.js')) as Readonly<
  Record<string, number>
>

interface Transactor {
  readonly load: Load
  readonly channel: Channel
  readonly stream: Stream
  readonly random: Random
}

interface Taken {
  readonly copy: Copy
  readonly message: GetMessage
}

export async function transactUntilKilled(
  load: Load,
  actor: ActorSession,
  { name, random }: { name: string; random: Random },
): Promise<void> {
  const channel = await actor.session.channel()
  const stream = load.ledger.openStream(name)
  const transactor: Transactor = { load, channel, stream, random }
  await call(channel, 'Select')
  /** What a rolled back transaction gave back to the channel, not to the queue. */
  let kept: Taken[] = []
  while (!actor.isClosed()) {
    const taken = [...kept, ...(await takeSome(transactor))]
    const transaction = load.ledger.begin(stream)
    for (const each of taken) ackWithin(transactor, transaction, each)
    for (let left = random.below(8); left > 0; left--) publishWithin(transactor, transaction)
    const isRolledBack = random.below(5) === 0
    if (isRolledBack) await rollBack(transactor, transaction)
    else await commit(transactor, transaction)
    kept = isRolledBack ? taken : []
  }
}

function call(channel: Channel, method: TransactionMethod): Promise<unknown> {
  const sent = definitions[`Tx${method}`] as number
  const expected = definitions[`Tx${method}Ok`] as number
  return (channel as unknown as RpcChannel).rpc(sent, {}, expected)
}

async function takeSome({ load, channel, stream, random }: Transactor): Promise<Taken[]> {
  const queue = load.ledger.queue(transactionSource)
  const taken: Taken[] = []
  for (let left = random.below(4); left > 0; left--) {
    const message = await channel.get(queue.name)
    const copy = message && load.ledger.received(stream.name, queue, message)
    if (message && copy) taken.push({ copy, message })
  }
  return taken
}

function ackWithin(
  { load, channel, stream }: Transactor,
  transaction: Transaction,
  { copy, message }: Taken,
): void {
  const { queue, message: recorded } = copy
  const sentAt = load.ledger.history.note(stream.name, 'acks in tx', queue.name, recorded.id)
  const why = `${stream.name} acks it in the transaction ${transaction.atom}`
  load.ledger.remove(copy, { why, stream, sentAt, transaction })
  channel.ack(message)
}

function publishWithin({ load, channel, stream, random }: Transactor, tx: Transaction): void {
  const route = random.below(3) === 0 ? fanOut : directTo(transactionTarget)
  const message = load.ledger.publish(stream, {
    ...route,
    queues: route.queues.map((name) => load.ledger.queue(name)),
    seed: random.below(0x1_0000_0000),
    sizes: random.below(100) === 0 ? 'large' : 'mixed',
    transaction: tx,
  })
  const { body, options } = planMessage(message.id, message.seed, message.sizes)
  channel.publish(route.exchange, route.routingKey, body, options)
}

async function commit({ load, channel, stream }: Transactor, tx: Transaction): Promise<void> {
  const text = `commits ${tx.messages.length} messages and ${tx.removed.length} acks`
  tx.commitSentAt = load.ledger.history.note(stream.name, text)
  tx.state = 'committing'
  await call(channel, 'Commit')
  load.ledger.committed(tx)
}

async function rollBack({ load, channel, stream }: Transactor, tx: Transaction): Promise<void> {
  load.ledger.history.note(stream.name, 'rolls back')
  load.ledger.aborted(tx)
  await call(channel, 'Rollback')
}
