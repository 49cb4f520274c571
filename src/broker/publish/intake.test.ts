import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { messageTo, NotingClient } from '../../../test/support/noting-client.ts'
import { PageWatch } from '../../../test/support/page-watch.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { logLimits } from '../../limits/log.ts'
import { findHeader, readReplyTo } from '../../record/message/content-header.ts'
import { FieldTable, emptyTable, type FieldValue, table } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Queue } from '../queue/queue.ts'
import { replyQueueName } from '../reply-registry.ts'
import type { KeptMessage } from './kept-message.ts'

const largeSize = logLimits.inlineBodySizeMax + 1

const large = (letter: string): Buffer => Buffer.alloc(largeSize, letter)

/** A message whose body has memory that is used again. The caller releases it. */
function inPage(routingKey: string, size: number): RecordSource {
  const source = messageTo(routingKey, pagePool.take(size).fill('p'))
  source.isBodyOwn = true
  return source
}

function blindCopyTo(...keys: string[]): FieldTable {
  const value: FieldValue[] = keys.map((key) => ({ type: 'longstr', value: key }))
  return FieldTable.from([['BCC', { type: 'array', value }]])
}

function deleteExchange(client: NotingClient, name: string): void {
  client.broker.getVHost('/').deleteExchange(name, { ifUnused: false })
}

function declareExchange(client: NotingClient, name: string): void {
  const fixed = { durable: false, autoDelete: false, internal: false, arguments: emptyTable }
  client.broker.getVHost('/').declareExchange({ name, type: 'fanout', ...fixed })
}

describe('an offer', () => {
  test('is in its queues at once, with a ticket that says when it is durable', () => {
    const client = new NotingClient()
    assert.equal(client.intake.offer(messageTo('q', 'one'), 1), 'done')
    assert.deepEqual(client.published, [1])
    assert.equal(client.intake.ticket?.isDurable, false)
    client.clock.runUntilIdle()
    assert.equal(client.intake.ticket?.isDurable, true)
    assert.deepEqual(client.take(), ['one'])
  })

  test('that no queue wants is told, and has nothing to wait for', () => {
    const client = new NotingClient()
    assert.equal(client.intake.offer(messageTo('nobody', 'x'), 7), 'done')
    assert.deepEqual([client.published, client.intake.ticket], [[-7], undefined])
  })

  test('reaches those that its CC and BCC headers name, which do not see the BCC', () => {
    const client = new NotingClient()
    const blind = client.declare('blind')
    let headerLeft: unknown
    client.onPublished = ({ header, headerStart, headerEnd }) => {
      headerLeft = findHeader(header, headerStart, headerEnd, 'BCC')
    }
    client.intake.offer(messageTo('q', 'x', { headers: blindCopyTo('blind') }), 1)
    assert.deepEqual([client.take(), client.take(blind.name)], [['x'], ['x']])
    assert.equal(headerLeft, undefined)
  })

  test('is refused with what is wrong with it, and nothing has happened', () => {
    const client = new NotingClient()
    const refused: readonly (readonly [RecordSource, string])[] = [
      [messageTo('q', 'x', { userId: 'bob' }), 'precondition_failed'],
      [messageTo('q', 'x', { expiration: 'soon' }), 'precondition_failed'],
      [messageTo('q', 'x', { replyTo: replyQueueName }), 'precondition_failed'],
      [messageTo('q', 'x', { exchange: 'none' }), 'exchange_not_found'],
      [messageTo('q', 'x', { exchange: 'none', expiration: 'soon' }), 'exchange_not_found'],
    ]
    for (const [message, code] of refused) {
      assert.throws(() => client.intake.offer(message, 1), { code })
    }
    assert.deepEqual([client.published, client.take()], [[], []])
    client.intake.offer(messageTo('q', 'x', { userId: 'alice', expiration: '10' }), 1)
    assert.deepEqual(client.published, [1])
  })

  test('may come from somebody else when its publisher is an impersonator', () => {
    const client = new NotingClient()
    const fromBob = messageTo('q', 'x', { userId: 'bob' })
    client.tags = ['administrator']
    assert.throws(() => client.intake.offer(fromBob, 1), {
      code: 'precondition_failed',
      message: "user_id property set to 'bob' but authenticated user was 'alice'",
    })
    client.tags = ['monitoring', 'impersonator']
    client.intake.offer(fromBob, 1)
    assert.deepEqual(client.published, [1])
  })

  test('of an answer goes to whoever asked for it, or nowhere', () => {
    const client = new NotingClient()
    const answers: string[] = []
    const address = client.broker.replies.register({
      deliverReply: ({ body }) => answers.push(body.toString()),
    })
    client.intake.offer(messageTo(address, 'yes'), 1)
    client.broker.replies.unregister(address)
    client.intake.offer(messageTo(address, 'late'), 2)
    assert.deepEqual([answers, client.published], [['yes'], [1, -2]])
    client.replyAddress = address
    client.onPublished = ({ header, headerStart, headerEnd }) => {
      assert.equal(readReplyTo(header, headerStart, headerEnd), address)
      client.published.push(3)
    }
    client.intake.offer(messageTo('q', 'question', { replyTo: replyQueueName }), 3)
    assert.deepEqual(client.published, [1, -2, 3])
  })
})

describe('while publishers are blocked', () => {
  test('messages wait in order, and go on by themselves when that is over', () => {
    const client = new NotingClient()
    client.broker.shortage.set('disk', true)
    const message = messageTo('q', 'one')
    assert.equal(client.intake.offer(message, 1), 'waits')
    // Everything but what is kept may change after the call.
    message.body.fill('x')
    message.address.fill('x')
    client.intake.offer(messageTo('q', 'two'), 2)
    assert.ok(client.intake.isBusy && client.held.parked > 0)
    assert.equal(client.intake.isHolding, false)
    assert.deepEqual(client.take(), [])
    client.broker.shortage.set('disk', false)
    assert.deepEqual(client.published, [])
    assert.deepEqual(client.take(), ['one', 'two'])
    assert.deepEqual(client.published, [1, 2])
    assert.deepEqual([client.held.parked, client.intake.isBusy], [0, false])
    client.intake.offer(messageTo('q', 'three'), 3)
    assert.deepEqual(client.published, [1, 2, 3])
  })

  test('what comes before the waiting ones have gone on stays behind them', () => {
    const client = new NotingClient()
    client.broker.shortage.set('memory', true)
    client.intake.offer(messageTo('q', 'one'), 1)
    client.broker.shortage.set('memory', false)
    assert.equal(client.intake.offer(messageTo('q', 'two'), 2), 'waits')
    client.clock.runUntilIdle()
    assert.deepEqual(
      [client.published, client.take()],
      [
        [1, 2],
        ['one', 'two'],
      ],
    )
  })

  test('what waited for a large body waits on when publishers are blocked meanwhile', () => {
    const client = new NotingClient()
    client.intake.offer(messageTo('q', large('a')), 1)
    client.intake.offer(messageTo('q', 'small'), 2)
    client.broker.shortage.set('disk', true)
    client.clock.runUntilIdle()
    assert.deepEqual([client.published, client.intake.isHolding], [[1], false])
    assert.ok(client.held.parked > 0 && client.held.input === 0)
    client.broker.shortage.set('disk', false)
    client.clock.runUntilIdle()
    assert.deepEqual(client.published, [1, 2])
  })

  test('a message that cannot be routed any more is refused, and the next ones go on', () => {
    const client = new NotingClient()
    declareExchange(client, 'x')
    client.broker.shortage.set('disk', true)
    client.intake.offer(messageTo('', 'lost', { exchange: 'x' }), 1)
    client.intake.offer(messageTo('q', 'kept'), 2)
    deleteExchange(client, 'x')
    client.broker.shortage.set('disk', false)
    assert.deepEqual(client.take(), ['kept'])
    assert.deepEqual(client.published, [2])
    assert.match(String(client.errors), /no exchange 'x'/)
    assert.equal(client.held.parked, 0)
  })

  test('a client that leaves takes what waits with it', () => {
    using watch = new PageWatch()
    const client = new NotingClient()
    client.broker.shortage.set('disk', true)
    const message = inPage('q', 100_000)
    client.intake.offer(message, 1)
    pagePool.release(message.body)
    assert.equal(watch.retainCount, 1)
    client.intake.release()
    assert.deepEqual([watch.retainCount, client.held.parked], [0, 0])
    client.broker.shortage.set('disk', false)
    assert.deepEqual([client.take(), client.published], [[], []])
  })
})

describe('a large body', () => {
  test('is written to a file of its own first, and what follows stays behind it', () => {
    const client = new NotingClient()
    assert.equal(client.intake.offer(messageTo('q', large('a')), 1), 'waits')
    assert.equal(client.intake.isHolding, true)
    assert.ok(client.held.input > largeSize)
    assert.equal(client.intake.offer(messageTo('q', 'small'), 2), 'waits')
    assert.deepEqual(client.published, [])
    const [first, second] = client.take()
    assert.deepEqual([first?.length, second], [largeSize, 'small'])
    assert.deepEqual(client.published, [1, 2])
    assert.equal(client.intake.isHolding, false)
    assert.ok(client.goOnCount > 0)
    assert.equal(client.store.asideBodies.size, 1)
  })

  test('needs none where no queue outlives the process', () => {
    const client = new NotingClient()
    client.declare('short-lived', false)
    assert.equal(client.intake.offer(messageTo('short-lived', large('a')), 1), 'done')
    assert.equal(client.store.asideBodies.size, 0)
  })

  test('leaves no file behind when its queue goes while it is written', () => {
    using watch = new PageWatch()
    const client = new NotingClient()
    const message = inPage('q', largeSize)
    client.intake.offer(message, 1)
    pagePool.release(message.body)
    client.broker.deleteQueue(client.broker.getVHost('/').findQueue('q') as Queue)
    client.clock.runUntilIdle()
    assert.deepEqual(client.published, [-1])
    assert.deepEqual([client.store.asideBodies.size, watch.retainCount], [0, 0])
  })

  test('leaves no file behind when every queue refuses it', () => {
    const client = new NotingClient()
    const limits = table({ 'x-max-length': 1, 'x-overflow': 'reject-publish' })
    client.declare('full', true, limits)
    client.intake.offer(messageTo('full', 'first'), 1)
    assert.equal(client.intake.isRefused, false)
    client.intake.offer(messageTo('full', large('a')), 2)
    client.clock.runUntilIdle()
    assert.deepEqual([client.published, client.intake.isRefused], [[1, 2], true])
    assert.equal(client.store.asideBodies.size, 0)
    assert.deepEqual(client.take('full'), ['first'])
  })

  test('leaves no file behind when its client goes while it is written', () => {
    using watch = new PageWatch()
    const client = new NotingClient()
    const message = inPage('q', largeSize)
    client.intake.offer(message, 1)
    pagePool.release(message.body)
    client.intake.release()
    assert.deepEqual([client.take(), client.published], [[], []])
    assert.deepEqual([client.store.asideBodies.size, watch.retainCount], [0, 0])
    assert.deepEqual(client.held, { parked: 0, input: 0 })
  })
})

describe('a commit', () => {
  function keepAll(client: NotingClient, ...sources: RecordSource[]): KeptMessage[] {
    return sources.map((source, index) => client.intake.keep(source, index + 1))
  }

  test('publishes and settles as one atom', () => {
    const client = new NotingClient()
    client.intake.offer(messageTo('q', 'old'), 9)
    assert.deepEqual(client.take(), ['old'])
    const queue = client.broker.getVHost('/').findQueue('q') as Queue
    const atoms: string[] = []
    const { beginAtom, endAtom } = client.store
    client.store.beginAtom = () => (atoms.push('begin'), beginAtom.call(client.store))
    client.store.endAtom = () => (atoms.push('end'), endAtom.call(client.store))
    let isCommitted = false
    client.intake.commit({
      publishes: keepAll(client, messageTo('q', 'one'), messageTo('nobody', 'two')),
      settlements: [{ holder: queue, offset: 0, reason: 'ack' }],
      onCommitted: ({ ticket }) => (isCommitted = ticket !== undefined),
    })
    assert.deepEqual([atoms, isCommitted], [['begin', 'end'], true])
    assert.deepEqual(client.published, [9, 1, -2])
    assert.deepEqual([client.take(), queue.unackedCount], [['one'], 1])
  })

  test('counts for the rate of a queue, as do messages that waited', () => {
    const client = new NotingClient()
    const args = table({ 'x-max-publish-rate': 1000 })
    const { publishLimit } = client.declare('limited', true, args)
    client.broker.shortage.set('disk', true)
    client.intake.offer(messageTo('limited', 'waits'), 1)
    assert.equal(publishLimit?.debtMs, 0)
    client.broker.shortage.set('disk', false)
    client.clock.runUntilIdle()
    const all = Array.from({ length: 104 }, () => messageTo('limited', 'x'))
    client.intake.commit({
      publishes: keepAll(client, ...all),
      settlements: [],
      onCommitted: () => undefined,
    })
    // A hundred were saved up.
    assert.equal(publishLimit?.debtMs, 5)
  })

  test('writes large bodies to files of their own, and releases their memory', () => {
    using watch = new PageWatch()
    const client = new NotingClient()
    const messages = [largeSize, 200_000, largeSize + 1].map((size) => inPage('q', size))
    const publishes = keepAll(client, ...messages)
    for (const { body } of messages) pagePool.release(body)
    let isCommitted = false
    client.intake.commit({
      publishes,
      settlements: [],
      onCommitted: () => (isCommitted = true),
    })
    assert.deepEqual([isCommitted, client.intake.isHolding], [false, true])
    assert.equal(client.intake.offer(messageTo('q', 'after'), 4), 'waits')
    const sizes = client.take().map(({ length }) => length)
    assert.deepEqual(sizes, [largeSize, 200_000, largeSize + 1, 5])
    assert.deepEqual([isCommitted, client.published], [true, [1, 2, 3, 4]])
    assert.equal(client.store.asideBodies.size, 2)
    // The engine has those two, as any engine has until their commit is written, and the run of the rest.
    assert.equal(watch.retainCount, 3)
  })

  test('waits for messages before it and for publishers to be unblocked, an empty one does not', () => {
    const client = new NotingClient()
    const done: string[] = []
    client.broker.shortage.set('disk', true)
    client.intake.offer(messageTo('q', 'before'), 1)
    const kept = client.intake.keep(messageTo('q', 'inside'), 2)
    const settlements: never[] = []
    client.intake.commit({ publishes: [], settlements, onCommitted: () => done.push('empty') })
    client.intake.commit({ publishes: [kept], settlements, onCommitted: () => done.push('full') })
    client.intake.whenIdle(() => done.push('idle'))
    assert.deepEqual([done, client.intake.isHolding], [['empty'], true])
    client.broker.shortage.set('disk', false)
    assert.deepEqual(client.take(), ['before', 'inside'])
    assert.deepEqual(done, ['empty', 'full', 'idle'])
    client.intake.whenIdle(() => done.push('at once'))
    assert.equal(done.at(-1), 'at once')
  })

  test('that cannot route one of its messages does nothing, and they stay its owner’s', () => {
    using watch = new PageWatch()
    const client = new NotingClient()
    declareExchange(client, 'x')
    const message = inPage('q', largeSize)
    const publishes = keepAll(client, message, messageTo('', 'lost', { exchange: 'x' }))
    pagePool.release(message.body)
    const commit = { publishes, settlements: [], onCommitted: () => assert.fail('committed') }
    client.intake.commit(commit)
    deleteExchange(client, 'x')
    assert.deepEqual([client.take(), client.published], [[], []])
    assert.match(String(client.errors), /no exchange 'x'/)
    assert.throws(() => client.intake.commit(commit), { code: 'exchange_not_found' })
    for (const each of publishes) each.release()
    assert.deepEqual([client.store.asideBodies.size, watch.retainCount], [0, 0])
  })
})

type Step = 'small' | 'large' | 'unroutable' | 'block' | 'unblock' | 'commit' | 'turn'

test('whatever happens, each message is told once and in order, and nothing is left over', () => {
  const steps: fc.Arbitrary<Step> = fc.constantFrom(
    'small',
    'large',
    'unroutable',
    'block',
    'unblock',
    'commit',
    'turn',
  )
  const body = large('b')
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60, size: 'max' }), (sequence) => {
      const client = new NotingClient()
      const expected: number[] = []
      let note = 0
      const next = (isRouted = true): number => {
        note++
        expected.push(isRouted ? note : -note)
        return note
      }
      const act: Record<Step, () => void> = {
        small: () => client.intake.offer(messageTo('q', 's'), next()),
        large: () => client.intake.offer(messageTo('q', body), next()),
        unroutable: () => client.intake.offer(messageTo('nobody', 's'), next(false)),
        block: () => client.broker.shortage.set('disk', true),
        unblock: () => client.broker.shortage.set('disk', false),
        commit: () => {
          const publishes = [body, 's'].map((each) =>
            client.intake.keep(messageTo('q', each), next()),
          )
          client.intake.commit({ publishes, settlements: [], onCommitted: () => undefined })
        },
        turn: () => client.clock.runUntilIdle(),
      }
      for (const step of sequence) act[step]()
      client.broker.shortage.set('disk', false)
      client.clock.runUntilIdle()
      assert.deepEqual([client.published, client.errors], [expected, []])
      assert.deepEqual(
        [client.held, client.intake.isBusy, client.intake.isHolding],
        [{ parked: 0, input: 0 }, false, false],
      )
      assert.equal(client.take().length, expected.filter((each) => each > 0).length)
    }),
    { numRuns: 100 },
  )
})
