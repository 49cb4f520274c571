// What a form asks a job for, and the command that does the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, cliOf, type JobForm, verbOf } from './job-asked.ts'

const form: JobForm = {
  kind: 'redrive',
  to: 'origin',
  name: '',
  key: '',
  rate: '',
  onRefused: 'stop',
}
const filter = { death: { reason: 'rejected', exception: null } }
const source = { stream: { vhost: '/', name: 'orders.dead' }, filter }

test('a redrive of a group goes to where its messages died', () => {
  assert.deepEqual(bodyOf(form, source), { kind: 'redrive', queue: 'orders.dead', filter })
  assert.equal(
    cliOf(form, source),
    `pabal dlq redrive orders.dead --group '{"reason":"rejected","exception":null}'`,
  )
  assert.equal(verbOf(form, 12, [{ queue: 'orders' }]), 'Redrive 12 to orders')
})

test('a move has a target, a rate, and what to do when it is refused', () => {
  const move: JobForm = {
    ...form,
    kind: 'move',
    to: 'exchange',
    name: "it's",
    key: 'k',
    rate: '50',
    onRefused: 'wait',
  }
  assert.deepEqual(bodyOf(move, { stream: { vhost: 'x y', name: 'a' } }), {
    kind: 'move',
    queue: 'a',
    target: { to: 'exchange', name: "it's", routing_key: 'k' },
    on_refused: 'wait',
    messages_per_second: 50,
  })
  assert.equal(
    cliOf(move, { stream: { vhost: 'x y', name: 'a' } }),
    String.raw`pabal job move a --to-exchange 'it'\''s' --key k --rate 50 --retry --vhost 'x y'`,
  )
})

test('what is missing is said', () => {
  assert.equal(bodyOf({ ...form, to: 'queue' }, source), 'Which queue?')
  assert.equal(bodyOf({ ...form, to: 'exchange' }, source), 'Which exchange?')
  assert.equal(bodyOf({ ...form, rate: 'fast' }, source), 'The rate is a number')
  assert.equal(bodyOf({ ...form, rate: '0' }, source), 'The rate is above 0')
})

test('no command does what the API alone can', () => {
  const chosen = { ...source, messages: [{ offset: 1 }] }
  assert.equal(cliOf(form, chosen), undefined)
  assert.equal(cliOf({ ...form, kind: 'move' }, source), undefined)
  assert.equal(cliOf({ ...form, kind: 'move', to: 'address' }, source), undefined)
  const text = { ...source, filter: { ...filter, text: 'acme' } }
  assert.equal(cliOf(form, text), undefined)
  assert.equal(cliOf(form, { ...source, filter: { text: 'acme' } }), undefined)
})

test('a filter that leaves nothing out is none', () => {
  const all = { ...source, filter: {} }
  assert.deepEqual(bodyOf(form, all), { kind: 'redrive', queue: 'orders.dead' })
  assert.equal(cliOf(form, all), 'pabal dlq redrive orders.dead')
})

test('the default exchange is typed by a name', () => {
  const copy: JobForm = { ...form, kind: 'copy', to: 'exchange', name: 'amq.default' }
  assert.deepEqual(bodyOf(copy, { stream: source.stream }), {
    kind: 'copy',
    queue: 'orders.dead',
    target: { to: 'exchange', name: '' },
  })
  assert.equal(
    cliOf(copy, { stream: source.stream }),
    'pabal job copy orders.dead --to-exchange amq.default',
  )
})

test('a delete is about no target', () => {
  const chosen = { stream: source.stream, messages: [{ partition: 1, offset: 7 }] }
  const { messages } = chosen
  const deletion: JobForm = { ...form, kind: 'delete', to: 'queue', name: 'left over' }
  assert.deepEqual(bodyOf(deletion, chosen), { kind: 'delete', queue: 'orders.dead', messages })
  assert.equal(verbOf(deletion, 1200, []), 'Delete 1,200 messages')
})
