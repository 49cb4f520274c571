import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { RecordBatchBuilder } from '../record/batch/batch-builder.ts'
import { readBatchHeader } from '../record/batch/batch-header.ts'
import { KafkaPartition } from './kafka-partition.ts'
import type { Fetched } from './kafka-source.ts'
import { MoveError } from './move-error.ts'
import type { BatchesToCopy } from './topic-target.ts'

const leader = { nodeId: 1, host: 'h', port: 1 }
const max = { records: Infinity, bytes: 1000 }

/** Offsets from `start` to `end` in batches of ten. */
class FakeSource {
  start = 0
  end = 30
  leaderCount = 0
  /** Codes of the next fetches. */
  readonly errors: number[] = []

  async startOf(): Promise<number> {
    return this.start
  }

  async leaderOf(): Promise<typeof leader> {
    this.leaderCount++
    return leader
  }

  async fetch(_leader: unknown, { offset }: { readonly offset: number }): Promise<Fetched> {
    const isOutside = offset < this.start || offset > this.end
    const errorCode = this.errors.shift() ?? (isOutside ? 1 : 0)
    const batches: Buffer[] = []
    for (let base = Math.floor(offset / 10) * 10; base < this.end; base += 10) {
      const builder = new RecordBatchBuilder(base)
      for (let at = base; at < base + 10; at++) {
        builder.append({ offset: at, timestamp: 0, key: null, value: null, headers: [] })
      }
      batches.push(builder.finish())
    }
    const records = errorCode === 0 ? Buffer.concat(batches) : Buffer.alloc(0)
    return { errorCode, lastStableOffset: this.end, startOffset: this.start, aborted: [], records }
  }
}

let source: FakeSource
let copied: (Pick<BatchesToCopy, 'from' | 'to' | 'start'> & { readonly base: number | undefined })[]
let refusal: string | undefined
beforeEach(() => {
  source = new FakeSource()
  copied = []
  refusal = undefined
})

function partitionFrom(end: number): KafkaPartition {
  const target = {
    async copy({ from, to, start, batches }: BatchesToCopy): Promise<string | undefined> {
      if (refusal !== undefined) return refusal
      const base =
        batches.length === 0
          ? undefined
          : readBatchHeader(batches.subarray(0, batches.readInt32BE(8) + 12)).baseOffset
      copied.push({ from, to, start, base })
      return undefined
    },
  }
  return new KafkaPartition({ topic: 't', partition: 0, end, source, target })
}

/** Until nothing comes any more. */
async function copyAll(part: KafkaPartition, chunk = max): Promise<void> {
  await part.open()
  for (let idle = 0; idle < 3;) {
    const taken = await part.take(chunk)
    if (taken === undefined) idle++
    else assert.equal(await taken.store(), undefined)
  }
}

test('what is here already is not copied again, and chunks follow on one another', async () => {
  const part = partitionFrom(10)
  await copyAll(part, { records: 10, bytes: 1000 })
  assert.deepEqual(copied, [
    { from: 10, to: 20, start: 0, base: 10 },
    { from: 20, to: 30, start: 0, base: 20 },
  ])
  assert.deepEqual([await part.isDone(), part.left, part.end], [true, 0, 30])
})

test('a start within a batch brings all of the batch', async () => {
  source.start = 15
  await copyAll(partitionFrom(0))
  assert.deepEqual(copied, [{ from: 0, to: 30, start: 15, base: 10 }])
})

test('an empty partition that begins somewhere begins there', async () => {
  source.start = 30
  const part = partitionFrom(0)
  await copyAll(part)
  assert.deepEqual(copied, [{ from: 0, to: 30, start: 30, base: undefined }])
  assert.equal(await part.isDone(), true)
})

test('what retention takes at the source meanwhile is passed over', async () => {
  const part = partitionFrom(0)
  await part.open()
  source.start = 25
  source.errors.push(1)
  for (let turn = 0; turn < 3; turn++) await (await part.take(max))?.store()
  assert.deepEqual(copied, [{ from: 0, to: 30, start: 25, base: 20 }])
})

test('a source that has less than was copied is another one', async () => {
  source.end = 10
  const part = partitionFrom(20)
  await part.open()
  await assert.rejects(part.take(max), /no offset 20/)
})

test('another leader is looked for, and what does not pass ends it', async () => {
  const part = partitionFrom(0)
  await part.open()
  source.errors.push(6, 0, 29)
  assert.equal(await part.take(max), undefined)
  await (await part.take(max))?.store()
  assert.equal(source.leaderCount, 2)
  await assert.rejects(
    part.take(max),
    (error) => error instanceof MoveError && error.kind === 'denied',
  )
  source.errors.push(3)
  await assert.rejects(
    part.take(max),
    (error) => error instanceof MoveError && error.kind === 'missing',
  )
})

test('a chunk that is not taken now can be stored later', async () => {
  const part = partitionFrom(0)
  await part.open()
  const chunk = await part.take(max)
  refusal = 'blocked'
  assert.equal(await chunk?.store(), 'blocked')
  assert.equal(part.end, 0)
  refusal = undefined
  assert.equal(await chunk?.store(), undefined)
  assert.equal(part.end, 30)
})
