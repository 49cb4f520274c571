import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FieldTable, type FieldValue, emptyTable } from '../record/message/field-table.ts'
import { findAgeMs } from './argument-check.ts'
import {
  checkConsumerArguments,
  checkQueueDeclaration,
  checkQueueEquivalence,
  checkServerNamed,
  type QueueDeclaration,
  type QueueType,
} from './queue-arguments.ts'

function text(value: string): FieldValue {
  return { type: 'longstr', value }
}

function long(value: number): FieldValue {
  return { type: 'long', value }
}

function declaration(
  args: Readonly<Record<string, FieldValue>>,
  options: Partial<QueueDeclaration> = {},
): QueueDeclaration {
  const plain = { name: 'q', durable: true, exclusive: false, autoDelete: false }
  return { ...plain, arguments: FieldTable.from(Object.entries(args)), ...options }
}

const quorum = { 'x-queue-type': text('quorum') }
const stream = { 'x-queue-type': text('stream') }

describe('checkQueueDeclaration()', () => {
  const accepted: [args: Readonly<Record<string, FieldValue>>, type: QueueType][] = [
    [{}, 'classic'],
    [{ 'x-queue-type': text('classic') }, 'classic'],
    [quorum, 'quorum'],
    [stream, 'stream'],
    [{ 'x-message-ttl': long(0), 'x-expires': long(1), 'x-max-priority': long(255) }, 'classic'],
    [{ 'x-dead-letter-exchange': text(''), 'x-dead-letter-routing-key': text('k') }, 'classic'],
    [{ 'x-queue-mode': text('lazy'), 'x-queue-version': long(1) }, 'classic'],
    [{ ...quorum, 'x-queue-mode': text('lazy'), 'x-max-in-memory-length': long(0) }, 'quorum'],
    [{ ...quorum, 'x-delivery-limit': long(-1) }, 'quorum'],
    [{ ...stream, 'x-max-age': text('7D'), 'x-stream-filter-size-bytes': long(16) }, 'stream'],
    [{ 'x-my-own': text('anything'), toString: text('even this') }, 'classic'],
  ]
  for (const [args, type] of accepted) {
    test(`accepts ${Object.keys(args).join(', ') || 'no arguments'} (${type})`, () => {
      assert.equal(checkQueueDeclaration('/', declaration(args)), type)
    })
  }

  const refused: [args: Readonly<Record<string, FieldValue>>, message: string][] = [
    [{ 'x-queue-type': text('odd') }, invalid('x-queue-type', `"unsupported queue type 'odd'"`)],
    [{ 'x-queue-type': long(1) }, invalid('x-queue-type', '{unacceptable_type,long}')],
    [{ 'x-message-ttl': long(-1) }, invalid('x-message-ttl', '{value_negative,-1}')],
    [{ 'x-message-ttl': text('5') }, invalid('x-message-ttl', '"expected integer, got longstr"')],
    [
      { 'x-message-ttl': long(315_360_000_001) },
      invalid('x-message-ttl', '{value_too_large,315360000001}'),
    ],
    [{ 'x-expires': long(0) }, invalid('x-expires', '{value_zero,0}')],
    [{ 'x-max-length': long(-3) }, invalid('x-max-length', '{value_negative,-3}')],
    [{ 'x-max-priority': long(256) }, invalid('x-max-priority', '{max_value_exceeded,256}')],
    [{ 'x-overflow': text('explode') }, invalid('x-overflow', 'invalid_overflow')],
    [
      { 'x-queue-mode': text('eager') },
      invalid('x-queue-mode', `"unsupported queue mode 'eager'"`),
    ],
    [{ 'x-queue-mode': long(1) }, invalid('x-queue-mode', '{unacceptable_type,long}')],
    [{ 'x-queue-version': long(3) }, invalid('x-queue-version', `"unsupported queue version '3'"`)],
    [
      { ...quorum, 'x-max-in-memory-bytes': long(-1) },
      invalid('x-max-in-memory-bytes', '{value_negative,-1}'),
    ],
    [
      { 'x-dead-letter-routing-key': text('k') },
      invalid('x-dead-letter-routing-key', 'routing_key_but_no_dlx_defined'),
    ],
    [
      { 'x-dead-letter-exchange': long(1) },
      "invalid type 'long' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'",
    ],
    [
      { 'x-single-active-consumer': text('true') },
      invalid('x-single-active-consumer', '{unacceptable_type,longstr}'),
    ],
    [{ ...stream, 'x-max-age': text('7') }, invalid('x-max-age', 'invalid_max_age')],
    [
      { ...stream, 'x-stream-filter-size-bytes': long(15) },
      'Invalid value for x-stream-filter-size-bytes',
    ],
    [
      { 'x-max-age': text('7D') },
      "invalid arg 'x-max-age' for queue 'q' in vhost '/' of queue type rabbit_classic_queue",
    ],
    [
      { ...quorum, 'x-max-priority': long(5) },
      "invalid arg 'x-max-priority' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue",
    ],
    [
      { ...stream, 'x-message-ttl': long(5) },
      "invalid arg 'x-message-ttl' for queue 'q' in vhost '/' of queue type rabbit_stream_queue",
    ],
  ]
  for (const [args, message] of refused) {
    test(`refuses: ${message}`, () => {
      assert.throws(() => checkQueueDeclaration('/', declaration(args)), {
        code: 'precondition_failed',
        message,
      })
    })
  }

  test('refuses quorum queues and streams that are not plain and durable', () => {
    const cases: [Partial<QueueDeclaration>, string][] = [
      [{ autoDelete: true }, 'auto-delete'],
      [{ exclusive: true }, 'exclusive-owner'],
      [{ durable: false }, 'non-durable'],
    ]
    for (const [options, property] of cases) {
      for (const args of [quorum, stream]) {
        assert.throws(() => checkQueueDeclaration('/', declaration(args, options)), {
          message: `invalid property '${property}' for queue 'q' in vhost '/'`,
        })
      }
      assert.equal(checkQueueDeclaration('/', declaration({}, options)), 'classic')
    }
  })

  test('checkServerNamed() lets only classic queues go without a name', () => {
    checkServerNamed('classic')
    assert.throws(() => checkServerNamed('quorum'), {
      message: 'Cannot declare a server-named queue for type rabbit_quorum_queue',
    })
  })
})

describe('checkQueueDeclaration() when strict', () => {
  const refused: [declared: QueueDeclaration, message: string][] = [
    [
      declaration({ ...quorum, 'x-queue-mode': text('lazy') }),
      "invalid arg 'x-queue-mode' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue",
    ],
    [
      declaration({ 'x-max-in-memory-length': long(1) }),
      "invalid arg 'x-max-in-memory-length' for queue 'q' in vhost '/' of queue type rabbit_classic_queue",
    ],
  ]
  for (const [declared, message] of refused) {
    test(`refuses: ${message}`, () => {
      assert.throws(() => checkQueueDeclaration('/', declared, true), {
        code: 'precondition_failed',
        message,
      })
      checkQueueDeclaration('/', declared)
    })
  }

  test('refuses a queue that is neither durable nor exclusive', () => {
    const transient = declaration({}, { durable: false })
    checkQueueDeclaration('/', transient)
    assert.throws(() => checkQueueDeclaration('/', transient, true), {
      code: 'internal',
      message: /^Feature `transient_nonexcl_queues` is deprecated\.\nIts use is not permitted/,
    })
    checkQueueDeclaration('/', declaration({}, { durable: false, exclusive: true }), true)
  })

  test('takes what RabbitMQ 4.2 takes, also where it does nothing', () => {
    const args = { 'x-queue-mode': text('lazy'), 'x-queue-master-locator': text('min-masters') }
    assert.equal(checkQueueDeclaration('/', declaration(args), true), 'classic')
  })
})

describe('checkQueueEquivalence()', () => {
  function check(
    asked: Readonly<Record<string, FieldValue>>,
    current: Readonly<Record<string, FieldValue>>,
  ): void {
    checkQueueEquivalence('/', declaration(asked), { ...declaration(current), type: 'classic' })
  }

  function difference(name: string, values: string): { code: string; message: string } {
    const message = `inequivalent arg '${name}' for queue 'q' in vhost '/': ${values}`
    return { code: 'precondition_failed', message }
  }

  test('integers of any width are equal, and no type is classic', () => {
    check({ 'x-message-ttl': { type: 'signedint', value: 5 } }, { 'x-message-ttl': long(5) })
    check({ 'x-queue-type': text('classic') }, {})
    check({}, { 'x-queue-type': text('classic') })
  })

  test('unknown arguments may differ', () => {
    check({ 'x-mine': text('a') }, { 'x-mine': text('b') })
    check({}, { 'x-ha-policy': text('all') })
  })

  test('says what differs', () => {
    const ttl = 'x-message-ttl'
    assert.throws(
      () => check({ [ttl]: { type: 'signedint', value: 5 } }, {}),
      difference(ttl, "received the value '5' of type 'signedint' but current is none"),
    )
    assert.throws(
      () => check({}, { [ttl]: long(10) }),
      difference(ttl, "received none but current is the value '10' of type 'long'"),
    )
    assert.throws(
      () => check({ [ttl]: long(5) }, { [ttl]: long(10) }),
      difference(ttl, "received '5' but current is '10'"),
    )
    assert.throws(
      () => check(quorum, {}),
      difference(
        'x-queue-type',
        "received the value 'quorum' of type 'longstr' but current is none",
      ),
    )
  })

  test('compares durable and auto_delete; an exclusive queue is never durable', () => {
    const existing = { ...declaration({}), type: 'classic' } as const
    assert.throws(
      () => checkQueueEquivalence('/', declaration({}, { durable: false }), existing),
      difference('durable', "received 'false' but current is 'true'"),
    )
    assert.throws(
      () => checkQueueEquivalence('/', declaration({}, { autoDelete: true }), existing),
      difference('auto_delete', "received 'true' but current is 'false'"),
    )
    const exclusive = declaration({}, { exclusive: true })
    const transient = declaration({}, { exclusive: true, durable: false })
    checkQueueEquivalence('/', exclusive, { ...transient, type: 'classic' })
  })
})

describe('checkConsumerArguments()', () => {
  function check(type: QueueType, args: Readonly<Record<string, FieldValue>>): void {
    const map: FieldTable = FieldTable.from(Object.entries(args))
    checkConsumerArguments('/', { name: 'q', type }, map)
  }

  test('accepts what the type of queue knows, and what nobody knows', () => {
    checkConsumerArguments('/', { name: 'q', type: 'classic' }, emptyTable)
    check('classic', { 'x-priority': long(-5), 'x-cancel-on-ha-failover': text('x') })
    for (const offset of ['first', 'last', 'next', '1h']) {
      check('stream', { 'x-stream-offset': text(offset) })
    }
    check('stream', { 'x-stream-offset': { type: 'timestamp', value: 1 } })
  })

  test('refuses bad values and what only another type knows', () => {
    assert.throws(() => check('classic', { 'x-priority': text('high') }), {
      code: 'precondition_failed',
      message: invalid('x-priority', '"expected integer, got longstr"'),
    })
    assert.throws(() => check('stream', { 'x-stream-offset': text('middle') }), {
      code: 'precondition_failed',
    })
    assert.throws(() => check('classic', { 'x-stream-offset': long(0) }), {
      message:
        "invalid arg 'x-stream-offset' for queue 'q' in vhost '/' of queue type rabbit_classic_queue",
    })
  })
})

test('of several differences a redeclaration is told the one that RabbitMQ looks at first', () => {
  const redeclare = (type: 'classic' | 'quorum'): void => {
    const own = { 'x-queue-type': text(type) }
    const declared = { name: 'q', durable: true, exclusive: false, autoDelete: false }
    const before = { 'x-max-length-bytes': long(1), 'x-expires': long(1), 'x-message-ttl': long(1) }
    checkQueueEquivalence(
      '/',
      { ...declared, arguments: FieldTable.from(Object.entries(own)) },
      { ...declared, type, arguments: FieldTable.from(Object.entries({ ...own, ...before })) },
    )
  }
  assert.throws(() => redeclare('classic'), /inequivalent arg 'x-expires'/)
  assert.throws(() => redeclare('quorum'), /inequivalent arg 'x-expires'/)
})

test('findAgeMs() reads a number with a unit', () => {
  assert.equal(findAgeMs(text('7D')), 604_800_000)
  assert.equal(findAgeMs(text('1m')), 60_000)
  assert.equal(findAgeMs(text('1M')), 2_592_000_000)
  for (const age of ['', '0s', '7', 'D', '-1s', '1 h'])
    assert.equal(findAgeMs(text(age)), undefined)
})

function invalid(name: string, reason: string): string {
  return `invalid arg '${name}' for queue 'q' in vhost '/': ${reason}`
}
