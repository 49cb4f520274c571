// What is seen of a queue by those who only look: all that is kept, each message once, whatever the pages.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import fc from 'fast-check'
import { QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { runAtOnce } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { settleRetention } from '../queue/settle-retention.ts'
import type { BrowseAsked } from './browse-start.ts'
import type { BrowsedMessage } from './browsed-message.ts'
import { type BrowsedPage, readPage } from './read-page.ts'

function endTurns({ clock }: QueueUnderTest): void {
  while (clock.turnSize > 0) clock.endTurn()
}

function publish(it: QueueUnderTest, text: string): void {
  it.publish(text)
  endTurns(it)
}

function retaining(args: Record<string, string | number> = {}): QueueUnderTest {
  const it = new QueueUnderTest({ arguments: table({ 'x-retention-ms': 1000, ...args }) })
  it.store.beginAtom()
  settleRetention(it.queue, it.store)
  it.store.endAtom()
  return it
}

function take(it: QueueUnderTest): number {
  const view = new RecordView()
  while (it.queue.take(view) !== 'record') endTurns(it)
  return view.offset
}

function page(it: QueueUnderTest, asked: Partial<BrowseAsked> = {}): Promise<BrowsedPage> {
  const { store, clock, queue } = it
  const usual = { start: { kind: 'first' }, count: 100, payloadSizeMax: 100 } as const
  return runAtOnce(readPage(queue, { ...usual, ...asked }, { store, clock }))
}

async function allPages(
  it: QueueUnderTest,
  asked: Partial<BrowseAsked>,
): Promise<BrowsedMessage[]> {
  const messages: BrowsedMessage[] = []
  let after = asked.after
  do {
    const { messages: some, next } = await page(it, { ...asked, after })
    messages.push(...some)
    after = next
  } while (after !== undefined)
  return messages
}

const shown = (messages: readonly BrowsedMessage[]): string =>
  messages.map(({ payload, state }) => `${payload!.toString()}:${state}`).join(' ')

test('messages are shown with where they are, and stay there', async () => {
  const it = retaining()
  for (const text of 'abcd') publish(it, text)
  it.queue.settle(take(it), 'ack')
  take(it)
  it.queue.settle(take(it), 'requeue')
  assert.equal(shown((await page(it)).messages), 'a:acked b:unacked c:ready d:ready')
  const { readyCount, unackedCount, consumerCount, returnCountOf } = it.queue
  assert.deepEqual(
    [readyCount, unackedCount, consumerCount, returnCountOf.call(it.queue, 3)],
    [2, 1, 0, 0],
  )
  assert.equal(take(it), 2)
  assert.equal(take(it), 3)
  assert.equal(it.queue.isRedelivered, false)
})

test('however small their commits, messages are read in steps, and states are asked for once in each', () => {
  const it = new QueueUnderTest()
  for (let count = 0; count < 300; count++) publish(it, 'a')
  const statesIn = mock.method(it.queue.parts[0]!, 'statesIn')
  const asked = { start: { kind: 'first' }, count: 1000, payloadSizeMax: 100 } as const
  const steps = readPage(it.queue, asked, it)
  let stepCount = 1
  let last = steps.next()
  for (; last.done !== true; last = steps.next()) stepCount++
  assert.equal(last.value.messages.length, 300)
  assert.ok(stepCount >= 5, `${stepCount} steps`)
  const callCount = statesIn.mock.callCount()
  assert.ok(callCount >= 5 && callCount <= stepCount, `${callCount} looks at all that came back`)
})

test('without a retention what was acked is not shown, wherever it is', async () => {
  const it = new QueueUnderTest()
  for (const text of 'abcd') publish(it, text)
  const [, b] = [take(it), take(it)]
  it.queue.settle(b, 'ack')
  assert.equal(shown((await page(it)).messages), 'a:unacked c:ready d:ready')
})

test('messages that wait for their next try, and dead ones that found no way, are told apart', async () => {
  const it = new QueueUnderTest({
    type: 'quorum',
    arguments: table({
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': 1000,
      'x-dead-letter-exchange': 'x',
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    }),
  })
  it.hasGraveyard = false
  for (const text of 'abc') publish(it, text)
  it.queue.settle(take(it), 'requeue')
  it.queue.settle(take(it), 'reject')
  endTurns(it)
  assert.equal(shown((await page(it)).messages), 'a:delayed b:dead c:ready')
  it.clock.advance(1000)
  endTurns(it)
  assert.equal(shown((await page(it)).messages), 'a:ready b:dead c:ready')
})

test('it begins where it is asked to', async () => {
  const it = retaining()
  for (const text of 'abcd') {
    publish(it, text)
    it.clock.advance(100)
  }
  it.queue.settle(take(it), 'ack')
  const from = async (start: BrowseAsked['start'], count = 100): Promise<string> => {
    const { messages } = await page(it, { start, count })
    return messages.map(({ payload }) => payload!.toString()).join('')
  }
  const { timestamp } = (await page(it)).messages[2]!
  assert.equal(await from({ kind: 'head' }), 'bcd')
  assert.equal(await from({ kind: 'first' }), 'abcd')
  assert.equal(await from({ kind: 'last' }, 2), 'cd')
  assert.equal(await from({ kind: 'offset', offset: 3 }), 'd')
  assert.equal(await from({ kind: 'offset', offset: 30 }), '')
  assert.equal(await from({ kind: 'time', time: timestamp }), 'cd')
  assert.equal(await from({ kind: 'time', time: timestamp + 1 }), 'd')
  assert.equal(await from({ kind: 'time', time: timestamp + 101 }), '')
})

test('a queue in memory is shown as well', async () => {
  const it = new QueueUnderTest({ isDurable: false })
  for (const text of 'abc') publish(it, text)
  assert.equal(shown((await page(it, { count: 2 })).messages), 'a:ready b:ready')
  assert.equal(shown(await allPages(it, { count: 1 })), 'a:ready b:ready c:ready')
})

test('higher priorities are shown first, and a partition is one of them', async () => {
  const it = new QueueUnderTest({ arguments: table({ 'x-max-priority': 3 }) })
  for (const [index, text] of 'abcde'.split('').entries()) {
    it.publish(text, { priority: index % 3 })
    endTurns(it)
  }
  const all = await allPages(it, { count: 2 })
  assert.equal(shown(all), 'c:ready b:ready e:ready a:ready d:ready')
  assert.deepEqual(
    all.map(({ partition, offset }) => [partition, offset]),
    [
      [2, 0],
      [1, 0],
      [1, 1],
      [0, 0],
      [0, 1],
    ],
  )
  assert.equal(shown((await page(it, { partition: 1 })).messages), 'b:ready e:ready')
  await assert.rejects(page(it, { partition: 3 }), /has no partition 3/)
  await assert.rejects(page(it, { start: { kind: 'offset', offset: 0 } }), /several partitions/)
  await assert.rejects(page(it, { after: { index: 7, offset: 0 } }), /no such place/)
})

test('a page has a limit of bytes, one message at least, and of each payload the start', async () => {
  const it = new QueueUnderTest()
  const size = brokerLimits.browsePageSizeMax
  for (const text of ['a'.repeat(size * 2), 'b'.repeat(size), 'c'.repeat(10)]) publish(it, text)
  const large = await page(it, { payloadSizeMax: size * 2 })
  assert.deepEqual([large.messages.length, large.next], [1, { index: 0, offset: 1 }])
  const { messages, next } = await page(it, { payloadSizeMax: 3 })
  assert.equal(shown(messages), 'aaa:ready bbb:ready ccc:ready')
  assert.deepEqual(
    [messages.map(({ payloadSize }) => payloadSize), next],
    [[size * 2, size, 10], undefined],
  )
})

test('a queue of which little is left is read no further than a page may', async () => {
  const it = new QueueUnderTest()
  const count = brokerLimits.browseReadsMax * 2
  const kept = new Set<number>()
  for (let index = 0; index < count * 3; index++) publish(it, 'x'.repeat(100_000))
  for (let offset = 0; offset < count * 3; offset++) {
    const taken = take(it)
    if (offset % 3 === 0) kept.add(taken)
    else it.queue.settle(taken, 'ack')
  }
  endTurns(it)
  const first = await page(it, { count: 1000 })
  assert.ok(first.messages.length < count && first.next !== undefined)
  const offsets = (await allPages(it, { count: 1000 })).map(({ offset }) => offset)
  assert.deepEqual(offsets, [...kept])
})

test('whatever was acked, all pages together show what is kept, once', async () => {
  const settlements = fc.array(fc.constantFrom('ack', 'requeue', 'none'), {
    maxLength: 150,
    size: 'max',
  })
  await fc.assert(
    fc.asyncProperty(
      settlements,
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      async (ends, keeps, count) => {
        const it = keeps ? retaining() : new QueueUnderTest()
        for (const [index] of ends.entries()) it.publish(`${index}`)
        endTurns(it)
        const taken = ends.map(() => take(it))
        const states = ends.map((end) => ({ ack: 'acked', requeue: 'ready', none: 'unacked' })[end])
        for (const [index, end] of ends.entries())
          if (end !== 'none') it.queue.settle(taken[index]!, end)
        endTurns(it)
        const expected = states.flatMap((state, index) => {
          return state === 'acked' && !keeps ? [] : [`${index}:${state}`]
        })
        assert.equal(shown(await allPages(it, { count })), expected.join(' '))
      },
    ),
    { numRuns: 100 },
  )
})
