// Transactions of Kafka's producers: who has which transactional id, what is open and holds readers back, and the end
// of one that its producer does not end.
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import { type Broker, defaultVHost } from '../../broker/broker.ts'
import type { PartProgress } from '../../broker/transaction/branch-messages.ts'
import type { TransactionCoordinator } from '../../broker/transaction/transaction-coordinator.ts'
import { TransactionError } from '../../broker/transaction/transaction-error.ts'
import {
  partKey,
  type Transaction,
  type TransactionPart,
  type TransactionState,
} from '../../broker/transaction/transaction.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { notFound } from '../answers.ts'
import { answerList, listOf, listParameters } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { mayDescribeTransaction, permitTransaction } from './transaction-rights.ts'

export interface TransactionParts {
  readonly broker: Broker
  readonly transactions: TransactionCoordinator
}

const tag = 'Transactions'
/** Why there is nothing to abort. */
const endings: Readonly<Record<TransactionState, string>> = {
  Empty: 'it has begun none',
  Ongoing: 'it has one',
  PrepareCommit: 'the last one is being committed',
  PrepareAbort: 'the last one is being aborted',
  CompleteCommit: 'the last one was committed',
  CompleteAbort: 'the last one was aborted',
}
const count = z.number().int()

/** A transactional id in a list. */
export interface TransactionJson {
  readonly name: string
  readonly state: string
  readonly producer_id: number
  readonly epoch: number
  readonly partitions: number
  readonly groups: number
  readonly timeout_ms: number
  readonly started: number | null
  readonly open_ms: number | null
}

/** A partition that an open transaction writes to. */
export interface TransactionPartJson {
  readonly topic: string
  readonly partition: number
  readonly first_offset: number | null
  readonly last_stable_offset: number
  readonly end: number
  readonly held_back: number
}

/** A transactional id with all that is known of it. */
export interface TransactionShownJson extends TransactionJson {
  readonly version: number
  readonly partition_list: readonly TransactionPartJson[]
  readonly group_list: readonly string[]
  readonly amqp: { readonly messages: number; readonly acks: number }
  readonly may: { readonly abort: boolean }
}

const listedSchema = z.object({
  name: z.string().describe('The transactional id'),
  state: z
    .string()
    .describe('Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit or CompleteAbort'),
  producer_id: count,
  epoch: count,
  partitions: count.describe('That the open transaction writes to'),
  groups: count.describe('Whose offsets it commits'),
  timeout_ms: count.describe('It is aborted when it has been open for so long'),
  started: count
    .nullable()
    .describe(
      'When the last one began, in milliseconds since the Unix epoch; null: there was none',
    ),
  open_ms: count.nullable().describe('How long it has been open; null: none is'),
})

const partSchema = z.object({
  topic: z.string(),
  partition: count,
  first_offset: count.nullable().describe('Of its first record there; null: it has written none'),
  last_stable_offset: count.describe('Up to here readers of committed records come'),
  end: count,
  held_back: count.describe('Records that they have to wait for'),
})

const shownSchema = listedSchema.extend({
  version: count.describe('2: each end raises the epoch (KIP-890)'),
  partition_list: z.array(partSchema),
  group_list: z.array(z.string()),
  amqp: z
    .object({ messages: count, acks: count })
    .describe('Published and acked over AMQP within it, and held until it ends'),
  may: z.object({ abort: z.boolean() }).describe('What the caller may do'),
})

const listQuery = z.object({
  ...listParameters,
  state: z.string().optional().describe('Only those in this state'),
})

const abortBody = z.strictObject({
  dry_run: z.boolean().optional().describe('Only show what would be aborted'),
})

export function transactionOperations(parts: TransactionParts): Operation[] {
  const { broker, transactions } = parts
  const now = (): number => broker.clock.now()
  return [
    operation({
      method: 'get',
      path: '/v1/transactions',
      where: 'first',
      tag,
      summary: 'Transactional ids of Kafka producers, and what they have open',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(listedSchema) },
      handle: ({ query, caller }) =>
        answerList(broker.slices, query, {
          items: chosen(transactions, query.state, (id) => mayDescribeTransaction(caller, id)),
          json: (transaction) => ({ ...listed(transaction, now()) }),
          nameOf: ({ id }) => id,
          compare: (a, b) => compareNames(a.id, b.id),
        }),
    }),
    operation({
      method: 'get',
      path: '/v1/transactions/{name}',
      where: 'first',
      tag,
      summary: 'A transactional id: its partitions, and who waits for them',
      access: 'management',
      answers: { 200: shownSchema },
      async handle({ names: { name }, caller, context }) {
        const transaction = transactions.find(name)
        if (transaction === undefined || !mayDescribeTransaction(caller, name)) {
          return notFound(context)
        }
        const may = { abort: caller.rightsIn(defaultVHost).may('write', name) }
        return { ...(await shown({ broker, transactions }, transaction)), may }
      },
    }),
    abortOperation(parts),
  ]
}

function abortOperation({ broker, transactions }: TransactionParts): Operation {
  return operation({
    method: 'post',
    path: '/v1/transactions/{name}/abort',
    where: 'first',
    tag,
    summary: 'Abort the open transaction of a producer, and fence it',
    access: 'management',
    body: abortBody,
    answers: { 200: shownSchema.omit({ may: true }) },
    async handle({ names: { name }, body, caller, context }) {
      permitTransaction(caller, name)
      const transaction = transactions.find(name)
      if (transaction === undefined) return notFound(context)
      if (transaction.state !== 'Ongoing') {
        throw preconditionFailed(`'${name}' has no open transaction: ${endings[transaction.state]}`)
      }
      const before = await shown({ broker, transactions }, transaction)
      if (body.dry_run === true) return before
      await abort(transactions, name)
      const { state, epoch } = transaction
      return { ...before, state, epoch, open_ms: null }
    },
  })
}

/** It is decided, also where another cell takes long: then the state says that it goes on. */
async function abort(transactions: TransactionCoordinator, name: string): Promise<void> {
  try {
    await transactions.abort(name)
  } catch (error) {
    const isGoingOn = error instanceof TransactionError && error.code === 'concurrent_transactions'
    if (!isGoingOn) throw error
  }
}

function* chosen(
  transactions: TransactionCoordinator,
  state: string | undefined,
  mayDescribe: (id: string) => boolean,
): Generator<Transaction> {
  for (const transaction of transactions.list()) {
    if (state !== undefined && transaction.state !== state) continue
    if (mayDescribe(transaction.id)) yield transaction
  }
}

function listed(transaction: Transaction, now: number): TransactionJson {
  const { state, startedMs } = transaction
  return {
    name: transaction.id,
    state,
    producer_id: transaction.producerId,
    epoch: transaction.epoch,
    partitions: transaction.parts.size,
    groups: transaction.groups.size,
    timeout_ms: transaction.timeoutMs,
    started: startedMs < 0 ? null : startedMs,
    open_ms: state === 'Ongoing' ? Math.max(0, now - startedMs) : null,
  }
}

async function shown(
  { broker, transactions }: TransactionParts,
  transaction: Transaction,
): Promise<Omit<TransactionShownJson, 'may'>> {
  const { parts, groups, version, producerId } = transaction
  const progressOf = progressIn(broker, transaction, await transactions.lookElsewhere(transaction))
  return {
    ...listed(transaction, broker.clock.now()),
    version,
    partition_list: Array.from(parts.values(), (part) => {
      const { firstOffset, lastStableOffset: stable, end } = progressOf(part)
      return {
        topic: part.topic,
        partition: part.partition,
        first_offset: firstOffset,
        last_stable_offset: stable,
        end,
        held_back: Math.max(0, end - stable),
      }
    }),
    group_list: [...groups],
    amqp: broker.heldWork?.countsOf(producerId) ?? { messages: 0, acks: 0 },
  }
}

function progressIn(
  broker: Broker,
  { producerId }: Transaction,
  elsewhere: ReadonlyMap<string, PartProgress>,
): (part: TransactionPart) => PartProgress {
  const topics = broker.topicsOf(broker.getVHost(defaultVHost))
  return (part) => {
    const partition = topics.find(part.topic)?.partitions[part.partition]
    const facts = part.elsewhere && partition?.remote?.facts
    if (facts !== undefined) {
      // What its leader said last, where that does not answer now.
      const { stableOffset: lastStableOffset, endOffset: end } = facts
      return elsewhere.get(partKey(part)) ?? { firstOffset: null, lastStableOffset, end }
    }
    const { highWatermark: end = 0, lastStableOffset = 0, transactions } = partition ?? {}
    const firstOffset = transactions?.find(producerId)?.firstOffset ?? null
    return { firstOffset, lastStableOffset, end }
  }
}
