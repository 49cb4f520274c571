// Parts of dead-letter queues added up, and what is said of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeathGroupJson } from '../../../src/admin/v1/dead-letter-operations.ts'
import { clausesOf, emptyReading, filterOf, keyOf, withPart } from './death-groups.ts'

const stream = { vhost: '/', name: 'orders.dead' }

function group(changes: Partial<DeathGroupJson> = {}): DeathGroupJson {
  return {
    reason: 'rejected',
    queue: 'orders',
    exchange: 'shop',
    routing_keys: ['a'],
    has_other_keys: false,
    exception_type: null,
    exception: null,
    count: 1,
    bytes: 10,
    first: 100,
    last: 200,
    example: { offset: 0 },
    ...changes,
  }
}

test('parts of one queue are added up by group', () => {
  const part = { groups: [group()], looked_at: 5, total: 12, others: 1, next: '0.5' }
  const more = group({ count: 4, routing_keys: ['b'], first: 50, last: 60 })
  const reading = withPart(withPart(emptyReading(stream, 12), part), {
    ...part,
    groups: [more, group({ reason: 'expired' })],
    next: null,
  })
  assert.deepEqual([reading.looked, reading.others, reading.total, reading.next], [10, 2, 12, null])
  const groups = [...reading.groups.values()]
  assert.deepEqual(
    groups.map(({ reason, count }) => [reason, count]),
    [
      ['rejected', 5],
      ['expired', 1],
    ],
  )
  const [first] = groups
  assert.deepEqual([first?.routing_keys, first?.first, first?.last], [['a', 'b'], 50, 200])
})

test('a group has a key of its own, whatever is in its names', () => {
  const names = [null, '', ' ', '.', 'a b', '\u202e', '\udcff']
  const keys = names.flatMap((queue) =>
    names.map((exchange) => keyOf(stream, group({ queue, exchange }))),
  )
  assert.equal(new Set(keys).size, names.length ** 2)
})

test('its filter is exact: what it does not have is null', () => {
  assert.deepEqual(filterOf(group()), {
    death: {
      reason: 'rejected',
      queue: 'orders',
      exchange: 'shop',
      exception_type: null,
      exception: null,
    },
  })
})

test('the sentence names the most, and says how many the rest are', () => {
  const groups = [
    group({ count: 3, exception: 'x' }),
    group({ count: 4 }),
    group({ reason: 'expired', queue: 'a', count: 2 }),
    group({ reason: 'expired', queue: 'b', count: 3 }),
    group({ reason: null, queue: 'c', count: 1 }),
    group({ reason: 'maxlen', count: 1 }),
  ]
  const said = clausesOf(groups).map(({ count, says, queue }) => `${count} ${says} ${queue}`)
  assert.deepEqual(said, ['7 rejected by orders', '5 expired null', '2 otherwise null'])
})
