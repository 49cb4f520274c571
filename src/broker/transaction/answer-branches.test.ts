import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ticket } from '../../log/ticket.ts'
import type { TopicView } from '../topic/topic-view.ts'
import { answerJoins, type CoordinatorHere } from './answer-branches.ts'
import type { JoinAsked } from './branch-messages.ts'
import { fenced } from './transaction-error.ts'
import type { TransactionPart } from './transaction.ts'

const from = { transactionalId: 'x', producerId: 7, epoch: 2 }
const view = {
  name: 't',
  topicId: 'of t',
  partitions: [{ log: { id: 11 } }, { log: { id: 12 } }],
  cellElsewhere: () => 3,
} as unknown as TopicView
const parts = [0, 1].map((partition): TransactionPart => {
  return { topic: 't', partition, logId: 11 + partition, elsewhere: { cell: 3, topicId: 'of t' } }
})
const unknown = {
  code: 'unknown_topic_or_partition',
  message: 'The topic was deleted, or has no such partition',
}

function askedFor(version: 1 | 2, ...partitions: number[]): JoinAsked {
  const named = partitions.map((partition) => ({ topicId: 'of t', partition }))
  return { ...from, version, parts: named }
}

function coordinatorWith(transactions: Partial<CoordinatorHere['transactions']>): CoordinatorHere {
  const never = (): undefined => assert.fail('nobody is to be asked')
  return {
    transactions: { addPartitions: never, verify: never, ...transactions },
    topics: { findById: (id) => (id === 'of t' ? view : undefined) },
    epoch: 9,
  }
}

test('partitions that there are become parts with one change, others are refused', async () => {
  const added: (readonly TransactionPart[])[] = []
  const here = coordinatorWith({
    addPartitions: (_from, some, version) => {
      assert.equal(version, 2)
      added.push(some)
      return undefined
    },
  })
  const elsewhere = { ...askedFor(2), parts: [{ topicId: 'of a deleted one', partition: 0 }] }
  const asked = [askedFor(2, 0, 5, 1), elsewhere]
  assert.deepEqual(await answerJoins(asked, here), {
    coordinatorEpoch: 9,
    outcomes: [[null, unknown, null], [unknown]],
  })
  assert.deepEqual(added, [parts])
})

test('what the coordinator refuses is told in its words, for each part', async () => {
  const refusal = { code: 'producer_fenced', message: fenced('x').message }
  const here = coordinatorWith({
    addPartitions: () => {
      throw fenced('x')
    },
    verify: (_from, { partition }) => {
      if (partition === 1) throw fenced('x')
      return undefined
    },
  })
  const { outcomes } = await answerJoins([askedFor(2, 0, 1), askedFor(1, 0, 1)], here)
  assert.deepEqual(outcomes, [
    [refusal, refusal],
    [null, refusal],
  ])
})

test('nothing is said before it is durable', async () => {
  let tell = (): void => assert.fail('nobody waits')
  const ticket: Ticket = {
    isDurable: false,
    whenDurable: (go) => {
      tell = go
    },
  }
  let isAnswered = false
  const here = coordinatorWith({ verify: () => ticket })
  const answering = answerJoins([askedFor(1, 0)], here).then(() => {
    isAnswered = true
  })
  await new Promise(setImmediate)
  assert.equal(isAnswered, false)
  tell()
  await answering
})
