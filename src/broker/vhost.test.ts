import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { messageWith } from '../../test/support/message-with.ts'
import type { TopologyChange } from '../meta/topology-change.ts'
import { FieldTable, type FieldValue, emptyTable } from '../record/message/field-table.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import type { BrokerError } from './broker-error.ts'
import type { QueueLike } from './exchange/binding.ts'
import type { ExchangeDeclaration } from './exchange/exchange.ts'
import { type Changes, VHost } from './vhost.ts'

type TestVHost = VHost<QueueLike>

function text(value: string): FieldValue {
  return { type: 'longstr', value }
}

function declaration(
  name: string,
  options: Partial<ExchangeDeclaration> = {},
): ExchangeDeclaration {
  const plain = { type: 'direct', durable: true, autoDelete: false, internal: false }
  return { name, ...plain, arguments: emptyTable, ...options }
}

function withAlternate(name: string, alternate: string): ExchangeDeclaration {
  return declaration(name, {
    arguments: FieldTable.from([['alternate-exchange', text(alternate)]]),
  })
}

let lastId = 0

function newVHost(...queues: readonly string[]): TestVHost {
  const vhost: TestVHost = new VHost('/', { random: seededRandom(1) })
  for (const name of queues) addQueue(vhost, name)
  return vhost
}

function addQueue(vhost: TestVHost, name: string, isDurable = true): void {
  lastId += 1
  vhost.addQueue({ name, id: lastId, isDurable, type: 'classic' })
}

function routed(vhost: TestVHost, exchange: string, ...keys: readonly string[]): string[] {
  return vhost
    .route(exchange, messageWith(keys))
    .queues.map((queue) => queue.name)
    .toSorted()
}

function refusal(code: BrokerError['code'], message: string): Partial<BrokerError> {
  return { name: 'BrokerError', code, message }
}

function summary(changes: Changes): string[] {
  return changes.map((change: TopologyChange) => {
    if (change.kind === 'binding')
      return `${change.op} ${change.row.source}→${change.row.destination}`
    if (change.kind === 'delay') return `${change.op} ${change.row.exchange} ${change.row.logId}`
    const named = 'row' in change ? change.row : change
    return `${change.op} ${'name' in named ? named.name : ''}`
  })
}

describe('VHost exchanges', () => {
  test('the predeclared ones are there, with nothing to log', () => {
    const types = Array.from(newVHost().exchanges(), ({ name, type }) => `${name} ${type}`)
    assert.deepEqual(types, [
      ' direct',
      'amq.direct direct',
      'amq.fanout fanout',
      'amq.topic topic',
      'amq.headers headers',
      'amq.match headers',
      'amq.rabbitmq.trace topic',
    ])
    assert.ok(newVHost().getExchange('amq.rabbitmq.trace').isInternal)
  })

  test('declareExchange() logs durable exchanges only, and the same again is nothing new', () => {
    const vhost = newVHost()
    assert.deepEqual(summary(vhost.declareExchange(declaration('d'))), ['put d'])
    assert.deepEqual(vhost.declareExchange(declaration('t', { durable: false })), [])
    const { version } = vhost
    assert.deepEqual(vhost.declareExchange(declaration('d')), [])
    assert.equal(vhost.version, version)
    assert.deepEqual(vhost.declareExchange(declaration('amq.direct')), [])
  })

  test('declareExchange() drops line breaks from names', () => {
    const vhost = newVHost()
    vhost.declareExchange(declaration('a\r\nb\n'))
    assert.equal(vhost.inspectExchange('a\nb').name, 'ab')
  })

  const refused: [what: string, asked: ExchangeDeclaration, error: Partial<BrokerError>][] = [
    [
      'an unknown type',
      declaration('x', { type: 'odd' }),
      refusal('precondition_failed', "unknown exchange type 'odd'"),
    ],
    [
      'a type that only names something of JavaScript',
      declaration('x', { type: 'constructor' }),
      refusal('precondition_failed', "unknown exchange type 'constructor'"),
    ],
    [
      'the default exchange',
      declaration(''),
      refusal('access_refused', 'operation not permitted on the default exchange'),
    ],
    [
      'a reserved name',
      declaration('amq.mine'),
      refusal('access_refused', "exchange name 'amq.mine' contains reserved prefix 'amq.*'"),
    ],
    [
      'an alternate that is not text',
      declaration('x', {
        arguments: FieldTable.from([['alternate-exchange', { type: 'long', value: 1 }]]),
      }),
      refusal(
        'precondition_failed',
        "invalid type 'long' for arg 'alternate-exchange' in exchange 'x' in vhost '/'",
      ),
    ],
    [
      'another type',
      declaration('known', { type: 'fanout' }),
      inequivalent('type', "received 'fanout' but current is 'direct'"),
    ],
    [
      'another durability',
      declaration('known', { durable: false }),
      inequivalent('durable', "received 'false' but current is 'true'"),
    ],
    [
      'another auto_delete',
      declaration('known', { autoDelete: true }),
      inequivalent('auto_delete', "received 'true' but current is 'false'"),
    ],
    [
      'another internal',
      declaration('known', { internal: true }),
      inequivalent('internal', "received 'true' but current is 'false'"),
    ],
    [
      'no alternate',
      declaration('known'),
      inequivalent(
        'alternate-exchange',
        "received none but current is the value 'spare' of type 'longstr'",
      ),
    ],
    [
      'another alternate',
      withAlternate('known', 'other'),
      inequivalent('alternate-exchange', "received 'other' but current is 'spare'"),
    ],
  ]
  for (const [what, asked, error] of refused) {
    test(`declareExchange() refuses ${what}`, () => {
      const vhost = newVHost()
      vhost.declareExchange(withAlternate('known', 'spare'))
      assert.throws(() => vhost.declareExchange(asked), error)
    })
  }

  test('inspectExchange() finds what exists and refuses the default exchange', () => {
    const vhost = newVHost()
    assert.equal(vhost.inspectExchange('amq.topic').type, 'topic')
    assert.throws(
      () => vhost.inspectExchange('x'),
      refusal('exchange_not_found', "no exchange 'x' in vhost '/'"),
    )
    assert.throws(() => vhost.inspectExchange(''), { code: 'access_refused' })
  })

  test('deleteExchange() removes bindings on both sides; a missing exchange is fine', () => {
    const vhost = newVHost('q')
    for (const name of ['a', 'b', 'c']) vhost.declareExchange(declaration(name, { type: 'fanout' }))
    vhost.bindExchange('b', 'a', '', emptyTable)
    vhost.bindExchange('c', 'b', '', emptyTable)
    vhost.bindQueue('q', 'c', '', emptyTable)
    assert.deepEqual(routed(vhost, 'a', ''), ['q'])
    assert.deepEqual(summary(vhost.deleteExchange('b', { ifUnused: false })), ['delete b'])
    assert.deepEqual(routed(vhost, 'a', ''), [])
    assert.equal(vhost.getExchange('a').bindingCount, 0)
    assert.equal(vhost.getExchange('c').target.bindings, undefined)
    assert.deepEqual(vhost.deleteExchange('b', { ifUnused: true }), [])
  })

  test('deleteExchange() if unused refuses while something is bound to it', () => {
    const vhost = newVHost('q')
    vhost.declareExchange(declaration('x'))
    vhost.bindQueue('q', 'x', 'k', emptyTable)
    assert.throws(
      () => vhost.deleteExchange('x', { ifUnused: true }),
      refusal('precondition_failed', "exchange 'x' in vhost '/' in use"),
    )
    vhost.unbindQueue('q', 'x', 'k', emptyTable)
    assert.deepEqual(summary(vhost.deleteExchange('x', { ifUnused: true })), ['delete x'])
  })

  test("deleteExchange() refuses the broker's own exchanges, existing or not", () => {
    const vhost = newVHost()
    for (const name of ['amq.direct', 'amq.gone']) {
      assert.throws(
        () => vhost.deleteExchange(name, { ifUnused: false }),
        refusal('access_refused', `deletion of system exchange '${name}' in vhost '/' not allowed`),
      )
    }
    assert.throws(() => vhost.deleteExchange('', { ifUnused: false }), { code: 'access_refused' })
  })
})

describe('VHost bindings', () => {
  test('the same binding twice is one, whatever the order of its arguments', () => {
    const vhost = newVHost('q')
    const args = FieldTable.from([
      ['a', text('1')],
      ['b', text('2')],
    ])
    assert.deepEqual(summary(vhost.bindQueue('q', 'amq.headers', 'k', args)), ['put amq.headers→q'])
    const reversed = new FieldTable(args.entries.toReversed())
    assert.deepEqual(vhost.bindQueue('q', 'amq.headers', 'k', reversed), [])
    assert.equal(vhost.bindQueue('q', 'amq.headers', 'other', args).length, 1)
    assert.equal(vhost.bindQueue('q', 'amq.headers', 'k', emptyTable).length, 1)
    assert.equal(vhost.getExchange('amq.headers').bindingCount, 3)
    assert.equal(Array.from(vhost.bindingsTo('q')).length, 3)
    assert.deepEqual(summary(vhost.unbindQueue('q', 'amq.headers', 'k', reversed)), [
      'delete amq.headers→q',
    ])
    assert.deepEqual(vhost.unbindQueue('q', 'amq.headers', 'k', reversed), [])
  })

  test('a binding is logged when both of its ends are durable', () => {
    const vhost = newVHost('durable')
    addQueue(vhost, 'transient', false)
    vhost.declareExchange(declaration('t', { durable: false }))
    assert.equal(vhost.bindQueue('durable', 'amq.direct', 'k', emptyTable).length, 1)
    assert.equal(vhost.bindQueue('transient', 'amq.direct', 'k', emptyTable).length, 0)
    assert.equal(vhost.bindQueue('durable', 't', 'k', emptyTable).length, 0)
    assert.equal(vhost.bindExchange('t', 'amq.direct', 'k', emptyTable).length, 0)
    assert.equal(vhost.bindExchange('amq.topic', 'amq.direct', 'k', emptyTable).length, 1)
  })

  test('what is missing cannot be bound, but unbound', () => {
    const vhost = newVHost('q')
    const noQueue = refusal('queue_not_found', "no queue 'gone' in vhost '/'")
    const noExchange = refusal('exchange_not_found', "no exchange 'gone' in vhost '/'")
    assert.throws(() => vhost.bindQueue('gone', 'amq.direct', '', emptyTable), noQueue)
    assert.throws(() => vhost.bindQueue('q', 'gone', '', emptyTable), noExchange)
    assert.throws(() => vhost.bindExchange('gone', 'amq.direct', '', emptyTable), noExchange)
    assert.throws(() => vhost.bindExchange('amq.direct', 'gone', '', emptyTable), noExchange)
    assert.deepEqual(vhost.unbindQueue('gone', 'amq.direct', '', emptyTable), [])
    assert.deepEqual(vhost.unbindQueue('q', 'gone', '', emptyTable), [])
    assert.deepEqual(vhost.unbindExchange('gone', 'amq.direct', '', emptyTable), [])
  })

  test('nobody binds the default exchange', () => {
    const vhost = newVHost('q')
    const error = refusal('access_refused', 'operation not permitted on the default exchange')
    assert.throws(() => vhost.bindQueue('q', '', 'q', emptyTable), error)
    assert.throws(() => vhost.unbindQueue('q', '', 'q', emptyTable), error)
    assert.throws(() => vhost.bindExchange('', 'amq.direct', '', emptyTable), error)
    assert.throws(() => vhost.bindExchange('amq.direct', '', '', emptyTable), error)
    assert.throws(() => vhost.unbindExchange('', 'amq.direct', '', emptyTable), error)
  })

  test('a refused binding argument leaves no binding', () => {
    const vhost = newVHost('q')
    const args = FieldTable.from([['x-match', text('most')]])
    assert.throws(() => vhost.bindQueue('q', 'amq.match', '', args), {
      code: 'precondition_failed',
    })
    assert.equal(vhost.getExchange('amq.match').bindingCount, 0)
    assert.equal(vhost.bindQueue('q', 'amq.direct', '', args).length, 1)
  })

  test('removing a queue removes its bindings', () => {
    const vhost = newVHost('q', 'r')
    vhost.bindQueue('q', 'amq.fanout', '', emptyTable)
    vhost.bindQueue('r', 'amq.fanout', '', emptyTable)
    assert.deepEqual(vhost.removeQueue('q'), [])
    assert.deepEqual(routed(vhost, 'amq.fanout', ''), ['r'])
    assert.equal(vhost.findQueue('q'), undefined)
    assert.throws(() => vhost.getQueue('q'), { code: 'queue_not_found' })
    addQueue(vhost, 'q')
    assert.deepEqual(routed(vhost, 'amq.fanout', ''), ['r'])
  })

  test('every change raises the version', () => {
    const vhost = newVHost()
    const versions = [vhost.version]
    const steps = [
      () => addQueue(vhost, 'q'),
      () => vhost.declareExchange(declaration('x')),
      () => vhost.bindQueue('q', 'x', '', emptyTable),
      () => vhost.unbindQueue('q', 'x', '', emptyTable),
      () => vhost.deleteExchange('x', { ifUnused: false }),
      () => vhost.removeQueue('q'),
    ]
    for (const step of steps) {
      step()
      versions.push(vhost.version)
    }
    assert.equal(new Set(versions).size, steps.length + 1)
  })
})

describe('VHost auto-delete exchanges', () => {
  const autoDelete = { type: 'fanout', autoDelete: true }

  test('end with their last binding, and never before they had one', () => {
    const vhost = newVHost('q', 'r')
    vhost.declareExchange(declaration('x', autoDelete))
    vhost.bindExchange('x', 'amq.fanout', '', emptyTable)
    vhost.unbindExchange('x', 'amq.fanout', '', emptyTable)
    vhost.bindQueue('q', 'x', '', emptyTable)
    vhost.bindQueue('r', 'x', '', emptyTable)
    assert.deepEqual(summary(vhost.unbindQueue('q', 'x', '', emptyTable)), ['delete x→q'])
    assert.deepEqual(summary(vhost.unbindQueue('r', 'x', '', emptyTable)), [
      'delete x→r',
      'delete x',
    ])
    assert.equal(vhost.findExchange('x'), undefined)
  })

  test('end one after the other when they lead to each other', () => {
    const vhost = newVHost('q')
    const names = Array.from({ length: 5000 }, (_, i) => `x${i}`)
    for (const name of names) vhost.declareExchange(declaration(name, autoDelete))
    for (const [i, name] of names.entries()) {
      const source = names[i - 1]
      if (source !== undefined) vhost.bindExchange(name, source, '', emptyTable)
    }
    vhost.bindQueue('q', 'x4999', '', emptyTable)
    assert.deepEqual(routed(vhost, 'x0', ''), ['q'])
    assert.equal(vhost.removeQueue('q').length, 5000)
    assert.equal(Array.from(vhost.exchanges()).length, 7)
  })

  test('that are bound to themselves can be deleted', () => {
    const vhost = newVHost('q')
    vhost.declareExchange(declaration('x', autoDelete))
    vhost.bindExchange('x', 'x', '', emptyTable)
    vhost.bindQueue('q', 'x', '', emptyTable)
    assert.deepEqual(summary(vhost.deleteExchange('x', { ifUnused: false })), ['delete x'])
    assert.equal(Array.from(vhost.bindingsTo('q')).length, 0)
  })
})

describe('VHost.route()', () => {
  test('the default exchange leads to the queue of that name', () => {
    const vhost = newVHost('q', 'r')
    assert.deepEqual(routed(vhost, '', 'q'), ['q'])
    assert.deepEqual(routed(vhost, '', 'gone'), [])
    assert.deepEqual(routed(vhost, '', 'q', 'r', 'q'), ['q', 'r'])
  })

  test('a queue is reached once, over however many bindings', () => {
    const vhost = newVHost('q')
    vhost.bindQueue('q', 'amq.topic', 'a.#', emptyTable)
    vhost.bindQueue('q', 'amq.topic', '#.b', emptyTable)
    vhost.bindExchange('amq.fanout', 'amq.topic', '#', emptyTable)
    vhost.bindQueue('q', 'amq.fanout', '', emptyTable)
    assert.deepEqual(routed(vhost, 'amq.topic', 'a.b', 'a.c'), ['q'])
  })

  test('cycles between exchanges end', () => {
    const vhost = newVHost('q')
    vhost.bindExchange('amq.fanout', 'amq.topic', '#', emptyTable)
    vhost.bindExchange('amq.topic', 'amq.fanout', '', emptyTable)
    vhost.bindExchange('amq.fanout', 'amq.fanout', '', emptyTable)
    vhost.bindQueue('q', 'amq.topic', 'k', emptyTable)
    assert.deepEqual(routed(vhost, 'amq.fanout', 'k'), ['q'])
  })

  test('the alternate takes what an exchange does not match, at any step', () => {
    const vhost = newVHost('q', 'spare')
    vhost.declareExchange(withAlternate('x', 'unrouted'))
    vhost.declareExchange(declaration('unrouted', { type: 'fanout', internal: true }))
    assert.deepEqual(routed(vhost, 'x', 'k'), [])
    vhost.bindQueue('spare', 'unrouted', '', emptyTable)
    vhost.bindQueue('q', 'x', 'k', emptyTable)
    assert.deepEqual(routed(vhost, 'x', 'k'), ['q'])
    assert.deepEqual(routed(vhost, 'x', 'other'), ['spare'])
    vhost.bindExchange('x', 'amq.fanout', '', emptyTable)
    assert.deepEqual(routed(vhost, 'amq.fanout', 'other'), ['spare'])
  })

  test('alternates that are missing or lead in a circle lead nowhere', () => {
    const vhost = newVHost()
    vhost.declareExchange(withAlternate('a', 'b'))
    assert.deepEqual(routed(vhost, 'a', 'k'), [])
    vhost.declareExchange(withAlternate('b', 'a'))
    assert.deepEqual(routed(vhost, 'a', 'k'), [])
  })

  test('says whether the result depends on headers', () => {
    const vhost = newVHost('q')
    const args = FieldTable.from([['kind', text('red')]])
    vhost.bindQueue('q', 'amq.match', '', args)
    vhost.bindExchange('amq.match', 'amq.topic', 'h', emptyTable)
    const unread = {
      ...messageWith(['k']),
      get headers(): FieldTable {
        return assert.fail()
      },
    }
    assert.equal(vhost.route('amq.topic', unread).isPerMessage, false)
    const result = vhost.route('amq.topic', messageWith(['h'], args))
    assert.equal(result.isPerMessage, true)
    assert.deepEqual(
      result.queues.map((queue) => queue.name),
      ['q'],
    )
    assert.deepEqual(vhost.route('amq.topic', messageWith(['h'])).queues, [])
  })

  test('refuses a missing and an internal exchange; the broker itself may use the latter', () => {
    const vhost = newVHost('q')
    assert.throws(() => routed(vhost, 'gone', ''), { code: 'exchange_not_found' })
    const name = 'amq.rabbitmq.trace'
    assert.throws(
      () => routed(vhost, name, ''),
      refusal('access_refused', `cannot publish to internal exchange '${name}' in vhost '/'`),
    )
    vhost.bindQueue('q', name, '#', emptyTable)
    const result = vhost.routeFrom(vhost.getExchange(name), messageWith(['k']))
    assert.equal(result.queues.length, 1)
  })
})

describe('VHost restore', () => {
  test('what was logged makes the same routes again', () => {
    const vhost = newVHost('q')
    const changes = [
      ...vhost.declareExchange(declaration('x', { type: 'topic', autoDelete: true })),
      ...vhost.bindQueue('q', 'x', 'a.*', emptyTable),
      ...vhost.bindExchange('x', 'amq.fanout', '', emptyTable),
    ]
    const restored = newVHost('q')
    for (const change of changes) {
      if (change.kind === 'exchange' && change.op === 'put') restored.restoreExchange(change.row)
      if (change.kind === 'binding') assert.ok(restored.restoreBinding(change.row))
    }
    assert.deepEqual(routed(restored, 'amq.fanout', 'a.b'), ['q'])
    assert.deepEqual(
      restored.declareExchange(declaration('x', { type: 'topic', autoDelete: true })),
      [],
    )
  })

  test('a binding whose end is missing is left out', () => {
    const [change] = newVHost('q').bindQueue('q', 'amq.direct', '', emptyTable)
    assert.ok(change?.kind === 'binding')
    assert.equal(newVHost().restoreBinding(change.row), false)
  })
})

function inequivalent(property: string, difference: string): Partial<BrokerError> {
  return refusal(
    'precondition_failed',
    `inequivalent arg '${property}' for exchange 'known' in vhost '/': ${difference}`,
  )
}
