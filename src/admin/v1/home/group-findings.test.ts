import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupFact } from './group-facts.ts'
import { groupFindings } from './stream-findings.ts'
import type { TransactionFact } from './transaction-facts.ts'
import { transactionFindings } from './transaction-findings.ts'

const behind: GroupFact = {
  kind: 'consumer',
  group: 'g',
  members: 2,
  lag: 1500,
  growth: { rate: 12, since: 0, isSteady: true },
}
const open: TransactionFact = {
  id: 'orders',
  isEnding: false,
  since: 0,
  openMs: 240_000,
  leftMs: 0,
  heldBack: 0,
  topics: [],
}

test('a group that falls behind is told of as what it is', () => {
  const facts: GroupFact[] = [behind, { ...behind, kind: 'share', group: 's', members: 0 }]
  assert.deepEqual(
    groupFindings(facts, 2).map(({ text }) => text),
    [
      'Group `g` falls behind by 12/s: 1,500 messages, 2 members',
      'Nobody is in share group `s`: it is 1,500 messages behind, and 12/s more',
    ],
  )
})

test('many groups are one finding, which says what they are where they are alike', () => {
  const shares = Array.from({ length: 4 }, (): GroupFact => ({ ...behind, kind: 'share' }))
  const textFor = (facts: readonly GroupFact[]): string => groupFindings(facts, 4)[0]?.text ?? ''
  assert.equal(textFor(shares), '4 share groups fall further and further behind')
  assert.equal(textFor([behind, ...shares]), '4 groups fall further and further behind')
})

test('a transaction of which the end cannot be written is trouble', () => {
  const [found] = transactionFindings([{ ...open, isEnding: true, heldBack: 3, topics: ['t'] }], 1)
  assert.deepEqual(
    [found?.severity, found?.text, found?.streams],
    [
      'bad',
      'The end of transaction `orders` has not been written for 4 min: 3 records of `t` wait for it',
      [{ vhost: '/', name: 't' }],
    ],
  )
})

test('a transaction without records says when it ends; many are one finding', () => {
  const textOf = (facts: readonly TransactionFact[], count: number): string =>
    transactionFindings(facts, count)[0]?.text ?? ''
  assert.equal(
    textOf([open], 1),
    'Transaction `orders` has been open for 4 min; it is about to be aborted',
  )
  assert.equal(
    textOf([open, open, open, open], 12),
    '12 transactions have been open for long, the oldest for 4 min',
  )
})
