import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import {
  batchOf,
  convert,
  logNamed,
  messagesIn,
  recordsIn,
} from '../../test/support/crossing-run.ts'
import { systemClock } from '../lib/clock.ts'
import { crossingLimits } from '../limits/crossing.ts'
import { Run } from '../log/run.ts'
import type { NewRecord } from '../record/batch/batch-builder.ts'
import { BatchWorker } from './batch-worker.ts'
import { Crossing } from './crossing.ts'

const workers: BatchWorker[] = []
const log = logNamed('orders')
const now = 1_700_000_000_000
after(() => workers.forEach((worker) => worker.close()))

function newCrossing(reported: Error[] = []): Crossing {
  // Its batches are known by log and offset, which are the same in all tests.
  const worker = new BatchWorker(systemClock)
  workers.push(worker)
  return new Crossing({ worker, onUndecodable: (_log, _run, error) => reported.push(error) })
}

function recordsOf(count: number, first = 0): NewRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    offset: first + index,
    // Not in the order of their times.
    timestamp: now + ((index * 7) % 1000),
    key: null,
    value: Buffer.from(`value ${index}`),
    headers: index % 1000 === 0 ? [{ key: 'h', value: Buffer.from('x') }] : [],
  }))
}

function prepared(crossing: Crossing, batch: Run, offset: number): Promise<void> {
  return new Promise((resolve) => {
    crossing.prepare(log, batch, offset, resolve)
  })
}

async function partAt(crossing: Crossing, batch: Run, offset: number): Promise<Run> {
  const there = crossing.toMessages(log, batch, offset)
  if (there !== undefined) return there
  await prepared(crossing, batch, offset)
  const part = crossing.toMessages(log, batch, offset)
  assert.ok(part)
  return part
}

async function allParts(crossing: Crossing, batch: Run, first = batch.baseOffset): Promise<Run[]> {
  const parts: Run[] = []
  for (let at = first; at <= batch.lastOffset; at = (parts.at(-1)?.lastOffset ?? at) + 1) {
    parts.push(await partAt(crossing, batch, at))
  }
  return parts
}

describe('a large batch', () => {
  it('is not converted at once, and in parts gives the same messages', async () => {
    const batch = batchOf(recordsOf(20_000, 5), 'zstd')
    const crossing = newCrossing()
    assert.equal(crossing.toMessages(log, batch, 5), undefined)
    const parts = await allParts(crossing, batch)
    assert.ok(parts.length > 2, `${parts.length} parts`)
    for (const part of parts) {
      assert.ok(part.recordCount <= crossingLimits.crossedPartWorkMax)
      assert.ok(part.buffer.length <= crossingLimits.crossedPartSizeMax * 1.25)
    }
    const messages = parts.flatMap((part) => messagesIn(log, part))
    assert.deepEqual(messages, messagesIn(log, convert(log, batch)))
  })

  it('is one when it has many headers or becomes large only when decompressed', async () => {
    const [record] = recordsOf(1) as [NewRecord]
    const headers = Array.from({ length: 3000 }, () => ({ key: 'h', value: null }))
    const value = Buffer.alloc(crossingLimits.decodedAtOnceSizeMax + 1)
    for (const odd of [
      { ...record, headers },
      { ...record, value },
    ]) {
      const batch = batchOf([odd], 'zstd')
      const crossing = newCrossing()
      assert.equal(crossing.toMessages(log, batch, 0), undefined)
      const [part, ...others] = await allParts(crossing, batch)
      assert.equal(others.length, 0)
      assert.deepEqual(messagesIn(log, part as Run), messagesIn(log, convert(log, batch)))
    }
  })

  it('gives several readers at different places the same messages', async () => {
    const batches = [batchOf(recordsOf(30_000), 'gzip'), batchOf(recordsOf(30_000, 30_000))]
    const crossing = newCrossing()
    const starts = [0, 12_345, 29_999]
    const read = starts.flatMap((start) =>
      batches.map(async (batch) => {
        const from = batch.baseOffset + start
        let at = from
        for (const part of await allParts(crossing, batch, from)) {
          for (const { offset, body } of messagesIn(log, part)) {
            // A part that was made for another reader may begin earlier.
            if (offset < at) continue
            assert.equal(offset, at++)
            assert.equal(body.toString(), `value ${offset - batch.baseOffset}`)
          }
        }
        assert.equal(at, batch.lastOffset + 1)
      }),
    )
    await Promise.all(read)
  })

  it('is a gap from where it cannot be decoded, reported', async () => {
    const whole = batchOf(recordsOf(20_000))
    const bytes = Buffer.from(whole.bytes())
    // Into a header count near the end.
    bytes.fill(0xff, bytes.length - 3)
    const reported: Error[] = []
    const damaged = Run.fromBytes(bytes)
    const [part] = await allParts(newCrossing(reported), damaged)
    assert.deepEqual([part?.recordCount, part?.lastOffset], [0, damaged.lastOffset])
    assert.equal(reported.length, 1)
  })

  it('loses settled records and nothing else, in parts, when a work queue is fetched', async () => {
    const records = recordsOf(100_000, 7)
    const batch = batchOf(records, 'zstd')
    const crossing = newCrossing()
    const keep = (offset: number): boolean => offset % 3 === 0
    assert.equal(crossing.toKafkaBatch(log, batch, keep), undefined)
    const seen: number[] = []
    let partCount = 0
    for (let at = 7; at <= batch.lastOffset; partCount++) {
      const part = await crossing.filterPart(log, batch, at, keep)
      assert.ok(part.length <= crossingLimits.crossedPartSizeMax * 1.25)
      const run = Run.fromBytes(part)
      assert.equal(run.baseOffset, at)
      seen.push(...recordsIn(part).map(({ offset }) => offset))
      at = run.lastOffset + 1
    }
    assert.ok(partCount > 1)
    assert.deepEqual(seen, records.map(({ offset }) => offset).filter(keep))
  })

  it('that nobody could convert leaves its readers waiting when the broker stops', async () => {
    const stopped = new BatchWorker(systemClock)
    const crossing = new Crossing({ worker: stopped, onUndecodable: () => assert.fail() })
    const batch = batchOf(recordsOf(20_000))
    let isDone = false
    crossing.prepare(log, batch, 0, () => {
      isDone = true
    })
    stopped.close()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isDone, false)
    assert.equal(crossing.toMessages(log, batch, 0), undefined)
  })
})
