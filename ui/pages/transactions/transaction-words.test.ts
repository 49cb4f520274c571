import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abortEffect, sentenceFor, stateOf } from './transaction-words.ts'

test('a transaction that is open longer than a minute asks for a look', () => {
  assert.deepEqual(
    [stateOf('Ongoing', 1000).tone, stateOf('Ongoing', 60_000).tone],
    ['good', 'look'],
  )
  assert.equal(stateOf('CompleteAbort', undefined).text, 'aborted')
})

test('a state that this page does not know is shown as it is', () => {
  assert.equal(stateOf('Dead', undefined).text, 'Dead')
})

test('the sentence says how many are open, and for how long', () => {
  assert.equal(sentenceFor(0, 0, undefined), 'No producer has a transactional id.')
  assert.equal(sentenceFor(12, 0, undefined), '12 transactional ids, and no transaction is open.')
  assert.equal(
    sentenceFor(12, 1, 245_900),
    '12 transactional ids. 1 transaction is open, the oldest for 4 min 5 s.',
  )
})

const nothing = { partitions: 0, groups: 0, heldBack: 0, messages: 0, acks: 0 }

test('an abort says who loses what', () => {
  assert.equal(
    abortEffect({ ...nothing, partitions: 2, groups: 1, heldBack: 40 }),
    'Readers of committed records never see what it has written to 2 partitions, and the offsets that it was to commit for 1 group are dropped. They go on over the 40 records that they wait for now, as far as no other transaction is open. Its producer is fenced: it gets an error and has to begin anew.',
  )
  assert.match(abortEffect(nothing), /^It has written nothing\. Its/)
  assert.match(
    abortEffect({ ...nothing, messages: 3, acks: 2 }),
    /^3 messages published over AMQP are dropped, and 2 messages acked over AMQP are ready again\. Its/,
  )
})
