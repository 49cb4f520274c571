// Pages in either direction: every message once and in order, whatever is asked for at a time, with partitions
// merged by time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { runAtOnce } from '../../lib/slices.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { compileFilter } from './message-filter.ts'
import { type WalkAsked, type WalkedPage, walkPage } from './walk-page.ts'

function endTurns({ clock }: QueueUnderTest): void {
  while (clock.turnSize > 0) clock.endTurn()
}

function walk(it: QueueUnderTest, asked: Partial<WalkAsked>): Promise<WalkedPage> {
  const start = { kind: asked.order === 'newest' ? 'last' : 'first' } as const
  const usual = { start, order: 'oldest', count: 100, payloadSizeMax: 100 } as const
  return runAtOnce(walkPage(it.queue, { ...usual, ...asked }, it))
}

async function walkAll(it: QueueUnderTest, asked: Partial<WalkAsked>): Promise<string[]> {
  const texts: string[] = []
  let after: WalkAsked['after']
  do {
    const page = await walk(it, { ...asked, after })
    assert.ok(page.messages.length <= (asked.count ?? 100))
    texts.push(...page.messages.map(({ payload }) => payload!.toString()))
    after = page.next
  } while (after !== undefined)
  return texts
}

test('both ways show every message once, in the order of their times', async () => {
  const runs = fc.array(
    fc.record({ priority: fc.nat(2), isAcked: fc.boolean(), isWanted: fc.boolean() }),
    { maxLength: 40 },
  )
  const property = fc.asyncProperty(runs, fc.integer({ min: 1, max: 12 }), async (all, count) => {
    const it = new QueueUnderTest({ arguments: table({ 'x-max-priority': 2 }) })
    const places = new Map<string, (typeof all)[number]>()
    for (const [index, one] of all.entries()) {
      const text = `${index}${one.isWanted ? '!' : ''}`
      places.set(text, one)
      it.publish(text, { priority: one.priority })
      endTurns(it)
      it.clock.advance(1)
    }
    const view = new RecordView()
    const taken: number[] = []
    while (it.queue.readyCount > 0) {
      if (it.queue.take(view) !== 'record') {
        endTurns(it)
        continue
      }
      const text = view.body.toString('utf8', view.bodyStart, view.bodyEnd)
      if (places.get(text)!.isAcked) taken.push(view.offset)
    }
    for (const place of taken) it.queue.settle(place, 'ack')
    endTurns(it)
    const left = [...places].filter(([, { isAcked }]) => !isAcked).map(([text]) => text)
    assert.deepEqual(await walkAll(it, { order: 'oldest', count }), left)
    assert.deepEqual(await walkAll(it, { order: 'newest', count }), left.toReversed())
    const filter = compileFilter({ text: '!' })
    const found = left.filter((text) => text.endsWith('!'))
    assert.deepEqual(await walkAll(it, { order: 'oldest', count, filter }), found)
    assert.deepEqual(await walkAll(it, { order: 'newest', count, filter }), found.toReversed())
  })
  await fc.assert(property, { numRuns: 40 })
})

test('it goes back from an offset and from a time, and on from there', async () => {
  const it = new QueueUnderTest()
  for (const text of 'abcdef') {
    it.publish(text)
    endTurns(it)
    it.clock.advance(10)
  }
  const all = await walk(it, {})
  const { timestamp } = all.messages[3]!
  const offset = { kind: 'offset', offset: 3 } as const
  const time = { kind: 'time', time: timestamp } as const
  for (const start of [offset, time]) {
    assert.equal((await walkAll(it, { order: 'newest', start, count: 2 })).join(''), 'cba')
    assert.equal((await walkAll(it, { order: 'oldest', start, count: 2 })).join(''), 'def')
  }
  assert.equal((await walk(it, { order: 'newest', count: 2 })).left, 4)
  assert.equal((await walk(it, { order: 'oldest', count: 2 })).left, 4)
})

test('a search that finds nothing ends after what a page may read, says how far it is, and goes on', async () => {
  const it = new QueueUnderTest()
  const count = 250
  for (let index = 0; index < count; index++) it.publish('x'.repeat(200_000))
  endTurns(it)
  const filter = compileFilter({ text: 'y' })
  for (const order of ['oldest', 'newest'] as const) {
    let after: WalkAsked['after']
    let looked = 0
    let pages = 0
    do {
      const page = await walk(it, { order, filter, after })
      assert.deepEqual(page.messages, [])
      assert.ok(page.lookedCount < count)
      looked += page.lookedCount
      assert.equal(looked + page.left, count)
      after = page.next
      pages++
    } while (after !== undefined)
    assert.equal(looked, count)
    assert.ok(pages > 1 && pages < 20, `${pages} pages`)
  }
})

test('a page of large payloads ends early, and nothing is left out', async () => {
  const it = new QueueUnderTest()
  for (let index = 0; index < 30; index++) it.publish(`${index}:${'x'.repeat(60_000)}`)
  endTurns(it)
  const shown = async (order: 'oldest' | 'newest'): Promise<string[]> =>
    (await walkAll(it, { order, payloadSizeMax: 100_000 })).map((text) => text.split(':')[0]!)
  const numbers = Array.from({ length: 30 }, (_, index) => `${index}`)
  assert.deepEqual(await shown('oldest'), numbers)
  assert.deepEqual(await shown('newest'), numbers.toReversed())
})
