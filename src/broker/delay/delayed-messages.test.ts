import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Arrival, DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { table } from '../../record/message/field-table.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { bucketStart, openingTime, usualClass } from './bucket-classes.ts'

const hourMs = 3_600_000
const longestMs = 0xffff_ffff

function directDelayed(): DelaysUnderTest {
  const world = DelaysUnderTest.inMemory()
  world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })
  world.queue('q', 'x')
  return world
}

function texts(arrivals: readonly Arrival[]): string[] {
  return arrivals.map(({ text }) => text)
}

describe('a message with a delay', () => {
  it('comes when it is due, in the millisecond, and not before', () => {
    const world = directDelayed()
    const start = world.clock.now()
    assert.equal(world.publish('a', 5000), true)
    assert.equal(world.exchange().delay?.messageCount, 1)
    assert.deepEqual(texts(world.advance(4999)), [])
    assert.deepEqual(
      world.advance(1).map(({ text, at }) => [text, at - start]),
      [['a', 5000]],
    )
    assert.equal(world.exchange().delay?.messageCount, 0)
  })

  it('shows its delay as a negative number, keeps its other headers and where it was published', () => {
    const world = directDelayed()
    world.publish('a', 20, { headers: { before: 'one', 'x-delayed-until': 'mine' } })
    const [arrival] = world.advance(20)
    assert.deepEqual(
      arrival?.headers?.entries.map(({ name, value: { type, value } }) => [name, type, value]),
      [
        ['before', 'longstr', 'one'],
        ['x-delayed-until', 'longstr', 'mine'],
        ['x-delay', 'long', -20],
      ],
    )
    assert.equal(arrival.exchange, 'x')
  })

  it('is confirmed when it is durable, not when it is due', () => {
    const world = directDelayed()
    world.publish('a', hourMs)
    assert.equal(world.isConfirmed, false)
    world.clock.endTurn()
    assert.equal(world.isConfirmed, true)
  })

  it('goes to what is bound when it is due', () => {
    const world = directDelayed()
    world.queue('late')
    assert.equal(world.publish('a', 1000, { key: 'new' }), true)
    world.advance(500)
    const vhost = world.broker.getVHost('/')
    const { arguments: none } = world.exchange().bindings()[Symbol.iterator]().next().value!
    vhost.bindQueue('late', 'x', 'new', none)
    assert.deepEqual(texts(world.advance(500, 'late')), ['a'])
  })

  it('goes to the alternate exchange when it is due and nothing is bound', () => {
    const world = DelaysUnderTest.inMemory()
    world.declare('other', 'fanout')
    world.declare('x', 'x-delayed-message', {
      'x-delayed-type': 'direct',
      'alternate-exchange': 'other',
    })
    world.queue('q', 'other')
    world.publish('a', 100)
    assert.deepEqual(texts(world.advance(99)), [])
    assert.deepEqual(texts(world.advance(1)), ['a'])
  })

  it('is dropped and counted when nothing is bound when it is due', () => {
    const world = DelaysUnderTest.inMemory()
    world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })
    assert.equal(world.publish('a', 10), true)
    world.clock.advance(10)
    const { counters, delay } = world.exchange()
    assert.equal(delay?.messageCount, 0)
    const { publishedIn, publishedOut, returned, dropped } = counters
    assert.deepEqual([publishedIn, publishedOut, returned, dropped], [1, 0, 0, 1])
  })

  it('of any number is accepted, as far as it can be a delay', () => {
    const world = directDelayed()
    const delayed: [string, Parameters<DelaysUnderTest['publish']>[1]][] = [
      ['byte', { type: 'byte', value: 100 }],
      ['unsignedbyte', { type: 'unsignedbyte', value: 100 }],
      ['short', { type: 'short', value: 100 }],
      ['unsignedshort', { type: 'unsignedshort', value: 100 }],
      ['unsignedint', { type: 'unsignedint', value: 100 }],
      ['long', { type: 'long', value: 100n }],
      ['text', '100'],
      ['bytes', { type: 'binary', value: Buffer.from('+100') }],
      ['double', { type: 'double', value: 100.9 }],
    ]
    for (const [text, delay] of delayed) world.publish(text, delay)
    assert.deepEqual(texts(world.advance(99)), [])
    assert.deepEqual(texts(world.advance(1)).toSorted(), delayed.map(([text]) => text).toSorted())
  })

  it('does not pass one that is due in the same millisecond and still waits in a wider bucket', () => {
    const world = directDelayed()
    const start = world.clock.now()
    const dueAt = start + 200_000
    const openAt = openingTime(usualClass + 1, bucketStart(usualClass + 1, dueAt))
    assert.ok(openAt > start)
    // Before the exchange looks at the bucket, which is near by now.
    world.clock.after(openAt - start, () => {
      world.publish('second', dueAt - openAt)
      world.publish('third', dueAt - openAt)
      world.publish('other', dueAt - openAt - 1)
    })
    world.publish('first', dueAt - start)
    world.advance(openAt - start)
    assert.deepEqual(texts(world.advance(dueAt - openAt)), ['other', 'first', 'second', 'third'])
  })

  it('does not pass those of the same millisecond that were too many for a bucket of a second', () => {
    const world = directDelayed()
    const start = world.clock.now()
    const dueAt = bucketStart(usualClass, start + 3000) + 500
    const openAt = openingTime(usualClass, bucketStart(usualClass, dueAt))
    const count = brokerLimits.delayListMax / 4 + 1
    for (let index = 0; index < count; index++) world.publish(`${index}`, dueAt - start)
    // All of them move into a bucket of 16 ms, which leaves none of a second.
    world.advance(openAt + 100 - start)
    world.publish('last', dueAt - openAt - 100)
    const arrivals = texts(world.advance(dueAt - openAt - 100 + 2000))
    assert.equal(arrivals.length, count + 1)
    assert.deepEqual([arrivals[0], arrivals.at(-1)], ['0', 'last'])
  })

  it('of none is routed at once, and its header stays as it is', () => {
    const world = directDelayed()
    const none = [0, -1, '', 'soon', true, { type: 'long', value: longestMs + 1 }, 0.9] as const
    for (const [index, delay] of none.entries())
      assert.equal(world.publish(`${index}`, delay), true)
    const arrivals = world.take()
    assert.deepEqual(
      texts(arrivals),
      none.map((_, index) => `${index}`),
    )
    assert.equal(arrivals[1]?.headers?.get('x-delay')?.value, -1)
    assert.equal(world.publish('unbound', 0, { key: 'nobody' }), false)
  })

  it('waits from the commit of its transaction on', () => {
    const world = directDelayed()
    world.commit(['a', 'b'], 50)
    assert.deepEqual(texts(world.advance(49)), [])
    assert.deepEqual(texts(world.advance(1)), ['a', 'b'])
  })

  it('waits only at exchanges that delay', () => {
    const world = directDelayed()
    assert.equal(world.publish('a', 1000, { exchange: '', key: 'q' }), true)
    const [arrival] = world.take()
    assert.equal(arrival?.headers?.get('x-delay')?.value, 1000)
  })
})

describe('exchanges that delay', () => {
  it('delay what other exchanges lead to them, and what they lead to does not delay it again', () => {
    const world = DelaysUnderTest.inMemory()
    world.declare('in', 'fanout')
    world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'topic' })
    world.declare('y', 'x-delayed-message', { 'x-delayed-type': 'fanout' })
    world.queue('now', 'in')
    world.queue('q', 'y')
    world.bindExchange('x', 'in')
    world.bindExchange('y', 'x', '#')
    world.publish('a', 1000, { exchange: 'in' })
    assert.equal(world.take('now')[0]?.headers?.get('x-delay')?.value, 1000)
    assert.deepEqual(texts(world.advance(999)), [])
    const [arrival] = world.advance(1)
    assert.equal(arrival?.exchange, 'in')
    assert.equal(arrival.headers?.get('x-delay')?.value, -1000)
  })

  it('route by all keys when a message is due, and BCC is gone', () => {
    const world = DelaysUnderTest.inMemory()
    world.declare('in', 'fanout')
    world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })
    world.bindExchange('x', 'in')
    world.queue('now', 'in')
    for (const name of ['k', 'cc', 'bcc']) world.queue(name, 'x', name)
    world.publish('a', 10, { exchange: 'in', headers: { CC: ['cc'], BCC: ['bcc'] } })
    const seen = [...world.take('now'), ...world.advance(10, 'k')]
    for (const name of ['cc', 'bcc']) seen.push(...world.take(name))
    assert.equal(seen.length, 4)
    for (const { headers: got } of seen) {
      assert.ok(got?.has('CC'))
      assert.equal(got?.has('BCC'), false)
    }
  })

  it('route by headers where that is their type', () => {
    const world = DelaysUnderTest.inMemory()
    world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'headers' })
    world.queue('q')
    const exchange = world.broker.getVHost('/')
    const args = { 'x-match': 'all', kind: 'mail' }
    exchange.bindQueue('q', 'x', '', table(args))
    world.publish('yes', 10, { headers: { kind: 'mail' } })
    world.publish('no', 10, { headers: { kind: 'sms' } })
    assert.deepEqual(texts(world.advance(10)), ['yes'])
  })

  it('route as every other type, and remember what went through them when it is due', () => {
    const world = DelaysUnderTest.inMemory()
    world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'x-recent-history' })
    world.declare('y', 'x-delayed-message', { 'x-delayed-type': 'x-random' })
    world.queue('q', 'y')
    world.publish('kept', 100)
    world.publish('random', 100, { exchange: 'y' })
    world.queue('early', 'x')
    assert.deepEqual(texts(world.advance(100)), ['random'])
    assert.deepEqual(texts(world.take('early')), ['kept'])
    world.queue('late', 'x')
    world.clock.endTurn()
    assert.deepEqual(texts(world.take('late')), ['kept'])
  })

  it('drop what waits when they are deleted, and what has their name later begins with nothing', () => {
    const world = directDelayed()
    world.publish('a', 1000)
    world.publish('b', 2 * hourMs)
    const { delay } = world.exchange()
    world.deleteExchange('x')
    world.clock.endTurn()
    assert.equal(delay?.messageCount, 0)
    world.declare('x', 'x-delayed-message', { 'x-delayed-type': 'fanout' })
    world.queue('q', 'x')
    assert.equal(world.exchange().delay?.messageCount, 0)
    assert.deepEqual(texts(world.advance(3 * hourMs)), [])
  })

  it('of which nothing is durable keep their messages in memory', () => {
    const world = DelaysUnderTest.inMemory()
    const args = { 'x-delayed-type': 'fanout' }
    world.declareWith('x', 'x-delayed-message', { durable: false, args })
    world.queue('q', 'x', 'k', false)
    world.clock.endTurn()
    world.publish('a', 90_000)
    assert.equal(world.isConfirmed, true)
    assert.equal(world.broker.store.uncommittedSize, 0)
    assert.deepEqual(texts(world.advance(90_000)), ['a'])
    assert.deepEqual([...world.broker.topologyEntries()], [])
  })
})

describe('the calendar', () => {
  it('lets thousands of messages of all delays out in the order of their time, each when it is due', () => {
    const world = directDelayed()
    const random = seededRandom(7)
    const due = new Map<string, number>()
    for (let number = 0; number < 3000; number++) {
      if (number % 3 === 0) world.clock.advance(random.below(40))
      const delay = 1 + random.below([50, 3000, 200_000, 6 * hourMs][random.below(4)]!)
      due.set(`${number}`, world.clock.now() + delay)
      world.publish(`${number}`, delay)
    }
    const from = world.clock.now()
    const arrivals = [...world.take(), ...world.advance(7 * hourMs)]
    assert.equal(arrivals.length, due.size)
    const order = arrivals.map(({ text }) => due.get(text)!)
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
    const later = arrivals.filter(({ text }) => due.get(text)! > from)
    assert.ok(later.length > 1000)
    for (const { text, at } of later) assert.equal(at, due.get(text))
  })

  it('keeps messages of one time in the order in which they came', () => {
    const world = directDelayed()
    for (let number = 0; number < 300; number++) world.publish(`${number}`, 70_000)
    assert.deepEqual(
      texts(world.advance(70_000)),
      Array.from({ length: 300 }, (_, number) => `${number}`),
    )
  })

  it('keeps the longest delay', () => {
    const world = directDelayed()
    world.publish('a', { type: 'long', value: longestMs })
    world.clock.shiftWallClock(longestMs - 10_000)
    assert.deepEqual(texts(world.advance(9999)), [])
    assert.deepEqual(texts(world.advance(1)), ['a'])
  })

  it('needs no more logs for a flow of messages than wait at one time', () => {
    const world = directDelayed()
    const logs = (): number => [...world.broker.topologyEntries()].join('').split('"delay"').length
    let most = 0
    for (let second = 0; second < 400; second++) {
      world.publish('short', 1500)
      world.publish('long', 90_000)
      world.advance(1000)
      if (second === 200) most = logs()
    }
    assert.ok(logs() <= most, `${logs()} logs after ${most}`)
    world.clock.advance(100_000)
    assert.ok(logs() <= most)
  })

  it('notices within a second that the wall clock was set forward', () => {
    const world = directDelayed()
    for (const [text, delay] of [
      ['c', 3 * hourMs],
      ['a', hourMs],
      ['b', 2 * hourMs],
    ] as const) {
      world.publish(text, delay)
    }
    world.clock.endTurn()
    world.clock.shiftWallClock(4 * hourMs)
    assert.deepEqual(texts(world.advance(brokerLimits.delayLookMsMax)), ['a', 'b', 'c'])
  })

  it('waits for as long again when the wall clock was set back', () => {
    const world = directDelayed()
    world.publish('a', 600)
    world.clock.advance(500)
    world.clock.shiftWallClock(-hourMs)
    world.publish('b', 600)
    assert.deepEqual(texts(world.advance(599)), [])
    assert.deepEqual(texts(world.advance(1)), ['b'])
    assert.deepEqual(texts(world.advance(hourMs - 501)), [])
    assert.deepEqual(texts(world.advance(1)), ['a'])
  })

  it('waits while the disk is short, and then lets out what is due, in order', () => {
    const world = directDelayed()
    world.publish('b', 2000)
    world.publish('a', 1000)
    world.clock.endTurn()
    world.shortage.set('disk', true)
    assert.deepEqual(texts(world.advance(5000)), [])
    world.shortage.set('disk', false)
    assert.deepEqual(texts(world.advance(0)), ['a', 'b'])
  })
})
