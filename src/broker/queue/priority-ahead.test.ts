// Records of a topic by priority, against a list: whatever is taken, acked, given back, purged or appended.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { textOf } from '../../../test/support/queue-under-test.ts'
import { SourceBacklogFixture } from '../../../test/support/source-backlog-fixture.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { RecordView } from '../../record/message/record-view.ts'

test('a record passes those that are looked at with it, and no others', () => {
  const it = new SourceBacklogFixture(1, 9)
  const count = brokerLimits.priorityAheadMax + 500
  it.append(0, ...Array.from({ length: count }, (_, n) => `${n}`))
  it.appendWith(0, 'high', 9)
  it.endTurns()
  const view = new RecordView()
  const order: string[] = []
  for (;;) {
    const result = it.backlog.take(view)
    if (result === 'empty') break
    if (result === 'record') {
      order.push(textOf(view))
      it.backlog.remove(view.offset)
    } else it.endTurns()
  }
  assert.equal(order.length, count + 1)
  const at = order.indexOf('high')
  assert.ok(at > 0 && at <= count - brokerLimits.priorityAheadMax + 1, `${at}`)
})

const steps = fc.array(
  fc.record({
    do: fc.constantFrom('append', 'append', 'take', 'take', 'ack', 'requeue', 'remove', 'purge'),
    priority: fc.nat(4),
    which: fc.nat(10),
  }),
  { maxLength: 60 },
)

test('the highest priority goes first, in order, and counts are right', () => {
  const property = fc.property(steps, (all) => {
    const it = new SourceBacklogFixture(1, 3)
    const view = new RecordView()
    const ready: { text: string; level: number; offset: number }[] = []
    const out = new Map<number, (typeof ready)[number]>()
    let number = 0
    for (const { do: what, priority, which } of all) {
      if (what === 'append') {
        const text = `${number}`
        it.appendWith(0, text, priority)
        it.endTurns()
        ready.push({ text, level: Math.min(priority, 3), offset: number++ })
      } else if (what === 'take') {
        const best = ready.toSorted((a, b) => b.level - a.level || a.offset - b.offset)[0]
        let result = it.backlog.take(view)
        while (result === 'wait') {
          it.endTurns()
          result = it.backlog.take(view)
        }
        assert.equal(result, best === undefined ? 'empty' : 'record')
        if (best === undefined) continue
        assert.equal(textOf(view), best.text)
        ready.splice(ready.indexOf(best), 1)
        out.set(view.offset, best)
      } else if (what === 'purge') {
        it.store.beginAtom()
        assert.equal(it.backlog.purge(), ready.length)
        it.store.endAtom()
        ready.length = 0
      } else if (what === 'remove' && ready.length > 0) {
        const [gone] = ready.splice(which % ready.length, 1)
        it.store.beginAtom()
        it.backlog.parts[1]!.removeReady([{ offset: gone!.offset, size: 1 }])
        it.store.endAtom()
      } else if (out.size > 0) {
        const place = [...out.keys()][which % out.size]!
        const message = out.get(place)!
        // What comes back goes before others of its priority: only the first of them is given back here.
        const isFirst = ready.every(
          ({ level, offset }) => level !== message.level || offset > message.offset,
        )
        if (what === 'requeue' && isFirst) {
          it.backlog.requeue(place)
          ready.push(message)
          out.delete(place)
        } else if (what === 'ack') {
          it.backlog.remove(place)
          out.delete(place)
        }
      }
      assert.deepEqual(
        [it.backlog.readyCount, it.backlog.unackedCount, it.backlog.messageCount],
        [ready.length, out.size, ready.length + out.size],
      )
    }
  })
  fc.assert(property, { numRuns: 200 })
})
