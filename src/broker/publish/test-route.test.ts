import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import { Rights } from '../../auth/rights.ts'
import { brokerLimits } from '../../limits/broker.ts'
import {
  emptyTable,
  FieldTable,
  type FieldValue,
  fieldValue,
  table,
} from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { BrokerError } from '../broker-error.ts'
import { ClientCounters } from '../counters/client-counters.ts'
import type { Destination } from '../destination.ts'
import { targetName } from '../exchange/binding.ts'
import { exchangeTypes } from '../exchange/create-matcher.ts'
import type { VHost } from '../vhost.ts'
import { publishBatch, type PublishedOne } from './publish-batch.ts'
import { type RouteTest, testRoute } from './test-route.ts'

class Topology {
  readonly client = new NotingClient()
  readonly vhost: VHost<Destination> = this.client.broker.getVHost('/')

  exchange(name: string, type: string, args: FieldTable = emptyTable): void {
    const kept = { durable: true, autoDelete: false, internal: false }
    this.vhost.declareExchange({ ...kept, name, type, arguments: args })
  }

  queue(name: string, args: FieldTable = emptyTable): void {
    const { broker } = this.client
    const plain = { durable: true, exclusive: false, autoDelete: false }
    broker.declareQueue(this.vhost, { ...plain, name, arguments: args, connection: this.client })
  }

  test(source: RecordSource): RouteTest {
    const { user, rights, broker } = this.client
    return testRoute(this.vhost, broker.replies, { source, publisher: { user, tags: [] }, rights })
  }

  /** What a publisher is told, and where the message has come to. */
  async publish(source: RecordSource): Promise<{ outcome: string; landed: string[] }> {
    const { broker, user, rights, clock } = this.client
    const before = this.#counts()
    const principal = { protocol: 'HTTP', address: '127.0.0.1', user, tags: [] } as const
    const counters = new ClientCounters()
    const asked = { sources: [source], principal, rights, counters, msMax: 1000 }
    const published = publishBatch(broker, this.vhost, asked)
    while (clock.endOneTurn());
    const [done] = await published
    const after = this.#counts()
    const landed = [...after].flatMap(([name, count]) => (count > before.get(name)! ? [name] : []))
    return { outcome: (done as PublishedOne).outcome, landed }
  }

  #counts(): Map<string, number> {
    return new Map(Array.from(this.vhost.queues(), (queue) => [queue.name, queue.messageCount]))
  }
}

function namesOf({ destinations }: RouteTest): string[] {
  return destinations.map(({ destination }) => destination.name)
}

/** `exchange > target by keys` for each way. */
function waysOf({ steps }: RouteTest): string[] {
  return steps.flatMap(({ exchange, ways }) =>
    ways.map(({ target, bindings }) => {
      const keys = bindings.map(({ routingKey }) => routingKey)
      return `${exchange.name} > ${targetName(target)} by ${keys.join(' ')}`
    }),
  )
}

const names = ['x0', 'x1', 'x2', 'x3'] as const
const anyName = fc.constantFrom(...names)
const anyKey = fc.constantFrom('a', 'b', 'a.b', '')
const delayedType = 'x-delayed-message'
const exchange = fc.record({
  type: fc.constantFrom(...exchangeTypes, delayedType),
  routesAs: fc.constantFrom(...exchangeTypes),
  alternate: fc.option(fc.constantFrom(...names, 'missing', ''), { nil: undefined }),
  hashHeader: fc.boolean(),
})
const binding = fc.record({
  source: anyName,
  to: fc.oneof(anyName, fc.constantFrom('q0', 'q1', 'full', 'once', 's0', 's1')),
  key: fc.oneof(anyKey, fc.constantFrom('*', '#', 'a.*', '#.b', '1', '3')),
  match: fc.constantFrom(undefined, 'all', 'any'),
  header: fc.constantFrom(undefined, 'one', 'two'),
})
const message = fc.record({
  exchange: fc.constantFrom(...names, ''),
  key: fc.oneof(anyKey, fc.constantFrom('q0', 's1', 'nothing')),
  header: fc.constantFrom(undefined, 'one', 'two'),
  copy: fc.constantFrom(undefined, 'CC', 'BCC'),
  delay: fc.constantFrom(undefined, undefined, 3_600_000),
  id: fc.constantFrom(undefined, 'i', 'j'),
})

type ExchangeAsked = typeof exchange extends fc.Arbitrary<infer T> ? T : never
type BindingAsked = typeof binding extends fc.Arbitrary<infer T> ? T : never
type MessageAsked = typeof message extends fc.Arbitrary<infer T> ? T : never

function defined(fields: Readonly<Record<string, string | number | undefined>>): FieldTable {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return table(Object.fromEntries(entries) as Readonly<Record<string, string | number>>)
}

function build(exchanges: readonly ExchangeAsked[], bindings: readonly BindingAsked[]): Topology {
  const topology = new Topology()
  for (const name of ['q0', 'q1']) topology.queue(name)
  topology.queue('full', table({ 'x-max-length': 1, 'x-overflow': 'reject-publish' }))
  topology.queue('once', table({ 'x-message-deduplication': true }))
  topology.queue('s0', table({ 'x-queue-type': 'stream' }))
  topology.queue('s1', table({ 'x-queue-type': 'stream', 'x-partitions': 3 }))
  for (const [index, { type, routesAs, alternate, hashHeader }] of exchanges.entries()) {
    const args = {
      'alternate-exchange': alternate,
      'x-delayed-type': type === delayedType ? routesAs : undefined,
      'hash-header': hashHeader ? 'h' : undefined,
      'x-cache-size': 10,
    }
    topology.exchange(names[index]!, type, defined(args))
  }
  for (const { source, to, key, match, header } of bindings) {
    const args = defined({ 'x-match': match, h: header })
    try {
      const isExchange = to.startsWith('x')
      if (isExchange) topology.vhost.bindExchange(to, source, key, args)
      else topology.vhost.bindQueue(to, source, key, args)
    } catch (error) {
      // A type that takes no such binding.
      if (!(error instanceof BrokerError)) throw error
    }
  }
  return topology
}

function sourceOf({ exchange: to, key, header, copy, delay, id }: MessageAsked): RecordSource {
  const fields = defined({ h: header, 'x-delay': delay, 'x-deduplication-header': id }).entries
  const keys: FieldValue = { type: 'array', value: [fieldValue('b'), fieldValue('q1')] }
  const copies = copy === undefined ? [] : [{ name: copy, value: keys }]
  const headers = new FieldTable([...fields, ...copies])
  return messageTo(key, 'body', { exchange: to, headers })
}

test('what it says is where a published message lands', async () => {
  const seen = { landed: 0, unroutable: 0, chance: 0, delayed: 0, repeat: 0, full: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: names.length, maxLength: names.length }),
      fc.array(binding, { minLength: 4, maxLength: 20 }),
      fc.array(message, { minLength: 1, maxLength: 8 }),
      async (exchanges, bindings, messages) => {
        const topology = build(exchanges, bindings)
        for (const asked of messages) {
          const tested = topology.test(sourceOf(asked))
          const { outcome, landed } = await topology.publish(sourceOf(asked))
          const taken = tested.destinations.filter(({ isFull, isRepeat }) => !isFull && !isRepeat)
          const certain = taken.filter(({ isCertain }) => isCertain)
          const isSure = [...tested.steps, ...tested.destinations].every((each) => each.isCertain)
          for (const { destination } of certain) assert.ok(landed.includes(destination.name))
          const possible = taken.map(({ destination }) => destination.name)
          for (const name of landed) assert.ok(possible.includes(name), name)
          if (isSure) assert.equal(outcome !== 'unroutable', tested.isRouted)
          if (isSure) assert.deepEqual(landed.toSorted(), possible.toSorted())
          if (landed.length > 0) seen.landed++
          if (outcome === 'unroutable') seen.unroutable++
          if (!isSure) seen.chance++
          if (tested.steps.some((step) => step.outcome === 'delayed')) seen.delayed++
          if (tested.steps.some((step) => step.outcome === 'repeat')) seen.repeat++
          if (tested.destinations.some(({ isFull }) => isFull)) seen.full++
        }
      },
    ),
    { numRuns: 300 },
  )
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `never ${what}`)
})

test('names the exchanges on the way in their order, and the bindings that lead on', () => {
  const topology = new Topology()
  const { vhost } = topology
  topology.exchange('in', 'topic')
  topology.exchange('by-region', 'headers')
  topology.queue('eu')
  vhost.bindExchange('by-region', 'in', 'order.#', emptyTable)
  vhost.bindQueue('q', 'in', '*.new', emptyTable)
  vhost.bindQueue('q', 'in', 'order.new', emptyTable)
  vhost.bindQueue('q', 'in', 'order.old', emptyTable)
  vhost.bindQueue('eu', 'by-region', '', table({ region: 'eu' }))
  const source = messageTo('order.new', '', { exchange: 'in', headers: table({ region: 'eu' }) })
  const tested = topology.test(source)
  const byTarget = waysOf(tested).slice(0, 2).toSorted()
  assert.deepEqual(byTarget, ['in > by-region by order.#', 'in > q by *.new order.new'])
  assert.deepEqual(waysOf(tested).slice(2), ['by-region > eu by '])
  assert.deepEqual(namesOf(tested).toSorted(), ['eu', 'q'])
  assert.ok(tested.isRouted)
})

test('what nothing matches goes to the alternate, which need not be there', () => {
  const topology = new Topology()
  topology.exchange('in', 'direct', table({ 'alternate-exchange': 'lost' }))
  const message = (): RecordSource => messageTo('k', '', { exchange: 'in' })
  const before = topology.test(message())
  assert.equal(before.isRouted, false)
  assert.deepEqual(before.steps[0]?.alternate, { name: 'lost', isThere: false })
  topology.exchange('lost', 'fanout')
  topology.vhost.bindQueue('q', 'lost', '', emptyTable)
  const after = topology.test(message())
  assert.deepEqual(
    after.steps.map(({ exchange: { name }, outcome }) => `${name} ${outcome}`),
    ['in unmatched', 'lost matched'],
  )
  assert.deepEqual(namesOf(after), ['q'])
})

test('chance is not thrown: each that may be chosen is told of, none as certain', () => {
  const topology = new Topology()
  topology.exchange('in', 'x-random')
  topology.queue('r')
  for (const name of ['q', 'r']) topology.vhost.bindQueue(name, 'in', '', emptyTable)
  const tested = topology.test(messageTo('', '', { exchange: 'in' }))
  assert.deepEqual(
    tested.destinations.map(({ destination, isCertain }) => [destination.name, isCertain]),
    [
      ['q', false],
      ['r', false],
    ],
  )
  topology.vhost.unbindQueue('r', 'in', '', emptyTable)
  assert.equal(
    topology.test(messageTo('', '', { exchange: 'in' })).destinations[0]?.isCertain,
    true,
  )
})

test('a topic is named with the partition that the key leads to', async () => {
  const topology = new Topology()
  topology.queue('s', table({ 'x-queue-type': 'stream', 'x-partitions': 4 }))
  topology.vhost.bindQueue('s', 'amq.fanout', '', emptyTable)
  const keyed = (): RecordSource => messageTo('some key', '', { exchange: 'amq.fanout' })
  const partition = topology.test(keyed()).destinations[0]?.partition
  await topology.publish(keyed())
  const stream = topology.vhost.getQueue('s')
  assert.ok(stream.kind === 'topic')
  assert.equal(
    stream.partitions.findIndex(({ log }) => log.endOffset > 0),
    partition,
  )
  const unkeyed = topology.test(messageTo('s', ''))
  assert.equal(unkeyed.destinations[0]?.partition, undefined)
})

test('what publishing would refuse is refused with the same error', () => {
  const topology = new Topology()
  const { user, broker } = topology.client
  const rights = new Rights({ user, vhost: '/' }, { permission: undefined, topics: [] })
  const asked = { publisher: { user, tags: [] }, rights }
  const source = messageTo('q', '')
  assert.throws(() => testRoute(topology.vhost, broker.replies, { ...asked, source }), {
    code: 'access_refused',
  })
  assert.throws(() => topology.test(messageTo('', '', { exchange: 'none' })), {
    code: 'exchange_not_found',
  })
  assert.throws(() => topology.test(messageTo('', '', { exchange: 'amq.rabbitmq.trace' })), {
    code: 'access_refused',
  })
  assert.throws(() => topology.test(messageTo('q', '', { expiration: 'soon' })), {
    code: 'precondition_failed',
  })
})

test('tells of so many only', () => {
  const topology = new Topology()
  const { explainedWaysMax, explainedBindingsMax } = brokerLimits
  for (let index = 0; index <= explainedWaysMax; index++) {
    topology.queue(`q${index}`)
    topology.vhost.bindQueue(`q${index}`, 'amq.fanout', '', emptyTable)
  }
  const tested = topology.test(messageTo('', '', { exchange: 'amq.fanout' }))
  assert.equal(tested.destinations.length, explainedWaysMax)
  assert.equal(tested.steps[0]?.ways.length, explainedWaysMax - 1)
  assert.ok(tested.isLeftOff)
  for (let index = 0; index <= explainedBindingsMax; index++) {
    topology.vhost.bindQueue('q', 'amq.topic', '#.'.repeat(index).concat('#'), emptyTable)
  }
  const [step] = topology.test(messageTo('k', '', { exchange: 'amq.topic' })).steps
  assert.equal(step?.ways[0]?.bindings.length, explainedBindingsMax)
  assert.equal(step?.ways[0]?.isLeftOff, true)
})
