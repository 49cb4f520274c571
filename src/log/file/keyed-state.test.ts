import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../testing/seeded-random.ts'
import { Checkpoint } from './checkpoint.ts'
import { DecodedCommit } from './commit-decoder.ts'
import { EntryWriter } from './entry-writer.ts'
import { commitHeaderSize } from './file-format.ts'
import { KeyedState } from './keyed-state.ts'
import { RecoveredState } from './recovered-state.ts'
import { SegmentScan } from './segment-scan.ts'
import { Segment } from './segment.ts'

const limits = { stateCountMax: 1000, stateSizeMax: 100_000 }

/** Entries as a scan finds them in a commit. */
function replay(scan: SegmentScan, entries: Buffer): void {
  const bytes = Buffer.concat([Buffer.alloc(commitHeaderSize), entries])
  bytes.writeUInt32BE(entries.length, 36)
  new DecodedCommit(bytes, 0).visit(scan)
}

test('a checkpoint that is written while keys come and go adds up to what is there at its end', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    const state = new KeyedState(limits)
    const recovered = new KeyedState(limits)
    // Keys from before the checkpoint, of which later files know nothing.
    for (let n = 0; n < 20; n++) recovered.set(`key ${n}`, Buffer.from('stale'))
    for (let n = 0; n < 40; n++) state.put(`key ${random.below(40)}`, random.bytes(10))
    const segment = new Segment({
      id: 1,
      kind: 1,
      salt: 0,
      priorSize: 0,
      path: '',
      file: {} as never,
      dataEnd: 0,
    })
    const scan = new SegmentScan(segment, new RecoveredState(0, recovered))
    scan.isReplaying = true
    const ids = { nextLogId: 1, nextTopologySequence: 1, nextAsideId: 1, nextCursorId: 1 }
    const topology = { through: 0, tail: [] }
    const source = { logs: [], states: state, topology, ids: () => ids }
    const checkpoint = new Checkpoint(seed, source)
    for (let isEnd = false; !isEnd;) {
      const entries = new EntryWriter()
      const count = random.below(6)
      for (let n = 0; n < count; n++) {
        const key = `key ${random.below(60)}`
        const value = random.next() < 0.4 ? undefined : random.bytes(random.below(20))
        state.put(key, value)
        entries.state(key, value)
      }
      const slice = checkpoint.next(60)
      entries.raw(slice)
      replay(scan, entries.bytes.subarray(0, entries.size))
      isEnd = slice.isEnd
    }
    assert.deepEqual(recovered.toMap(), state.toMap(), `seed ${seed}`)
    assert.equal(recovered.size, state.size)
    assert.equal(recovered.count, state.count)
  }
})

test('a value beyond the limits is not kept, and nothing has changed', () => {
  const state = new KeyedState({ stateCountMax: 3, stateSizeMax: 20 })
  const put = (key: string, value: string): boolean => state.put(key, Buffer.from(value))
  for (const key of ['a', 'b', 'c']) assert.ok(put(key, '12345'))
  assert.equal(put('d', ''), false)
  assert.equal(put('a', '12345678'), false)
  assert.ok(put('a', '1234567'))
  assert.ok(state.put('b', undefined))
  assert.ok(put('d', '12345'))
  assert.equal(put('e', ''), false)
  assert.deepEqual([...state.toMap().keys()], ['a', 'c', 'd'])
})

test('there is room for several values when there is for all of them', () => {
  const state = new KeyedState({ stateCountMax: 3, stateSizeMax: 20 })
  const hasRoomFor = (...entries: [string, string | undefined][]): boolean =>
    state.hasRoomFor(
      entries.map(([key, value]) => ({
        key,
        value: value === undefined ? undefined : Buffer.from(value),
      })),
    )
  for (const key of ['a', 'b']) state.put(key, Buffer.from('1'))
  assert.ok(hasRoomFor(['a', '2'], ['c', '3']))
  assert.equal(hasRoomFor(['c', '3'], ['d', '4']), false)
  assert.ok(hasRoomFor(['a', undefined], ['c', '3'], ['d', '4']))
  assert.equal(hasRoomFor(['a', 'x'.repeat(17)], ['b', 'xx']), false)
  assert.ok(hasRoomFor(['a', 'x'.repeat(17)], ['b', 'x']))
})
