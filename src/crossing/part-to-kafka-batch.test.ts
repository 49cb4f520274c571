import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsIn } from '../../test/support/crossing-run.ts'
import { createLogWithCursor } from '../../test/support/log-engines.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { systemClock } from '../lib/clock.ts'
import { Turn } from '../lib/turn.ts'
import { logLimits } from '../limits/log.ts'
import { openFileLogStore } from '../log/file/open-file-log-store.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'
import type { Run } from '../log/run.ts'
import { readBatchHeader } from '../record/batch/batch-header.ts'
import { encodeAddress } from '../record/message/address.ts'
import { encodeContentHeader } from '../record/message/content-header.ts'
import { sourceFrom } from '../record/message/fill-source.ts'
import { FaultDisk } from '../testing/fault-disk.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { BatchWorker } from './batch-worker.ts'
import { Crossing } from './crossing.ts'
import { partToKafkaBatch } from './part-to-kafka-batch.ts'

const bodySize = 2 * 1024 * 1024
const bodyCount = Math.ceil(logLimits.asideCacheSizeMax / bodySize) + 4
const bodies = Array.from({ length: bodyCount }, (_, index) => Buffer.alloc(bodySize, index))

test('a run with more large bodies than memory is fetched in parts', async () => {
  const { store, log, run } = await storeLargeBodies()
  const seen: number[] = []
  for (let offset = 0; offset < bodyCount;) {
    const keep = (wanted: number): boolean => wanted !== 3
    const options = { offset, sizeMax: 1.5 * bodySize, keep }
    const batch = await partToKafkaBatch(store, log, run, options)
    const header = readBatchHeader(batch)
    assert.equal(header.baseOffset, offset)
    const records = recordsIn(batch)
    assert.ok(records.length <= 2)
    for (const record of records) {
      assert.ok(record.value?.equals(bodies[record.offset] as Buffer))
      seen.push(record.offset)
    }
    offset = header.baseOffset + header.lastOffsetDelta + 1
  }
  const all = bodies.map((_, offset) => offset)
  assert.deepEqual(
    seen,
    all.filter((offset) => offset !== 3),
  )
  await store.close()
})

test('a part has one record at least, as a fetch must go on', async () => {
  const { store, log, run } = await storeLargeBodies()
  const keep = (wanted: number): boolean => wanted !== 0
  const options = { offset: 0, sizeMax: 1, keep }
  const records = recordsIn(await partToKafkaBatch(store, log, run, options))
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [1],
  )
  await store.close()
})

test('a log that is deleted while a body is loaded has nothing to wait for', async () => {
  const { store, log, run } = await storeLargeBodies()
  const keep = (offset: number): boolean => offset === 0
  const part = partToKafkaBatch(store, log, run, { offset: 0, sizeMax: 1, keep })
  store.beginAtom()
  store.deleteLog(log)
  store.endAtom()
  assert.equal(recordsIn(await part).length, 0)
  await store.close()
})

/** A run whose bodies are not in memory. */
async function storeLargeBodies(): Promise<{ store: LogStore; log: Log; run: Run }> {
  const { store } = await openFileLogStore({
    path: '/data',
    disk: new FaultDisk(systemClock),
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(1),
  })
  store.beginAtom()
  const log = createLogWithCursor(store)
  store.endAtom()
  log.homeAddress = encodeAddress('', 'q')
  const ids = await Promise.all(
    bodies.map((body) => new Promise<number>((resolve) => store.writeAside(body, resolve))),
  )
  store.beginAtom()
  for (const [index, body] of bodies.entries()) appendLarge(log, body, ids[index] as number)
  store.endAtom()
  await waitFor('the bodies are committed', () => log.durableEnd === bodyCount)

  const runs = await store.readRuns(log, 0, logLimits.runSizeMax)
  assert.equal(runs.length, 1)
  const run = runs[0] as Run
  const crossing = new Crossing({
    worker: new BatchWorker(systemClock),
    onUndecodable: () => undefined,
  })
  assert.equal(crossing.toKafkaBatch(log, run), undefined)
  return { store, log, run }
}

function appendLarge(log: Log, body: Buffer, asideId: number): void {
  const header = encodeContentHeader(body.length, {})
  const source = sourceFrom({ address: encodeAddress('', 'q'), header, body })
  source.asideId = asideId
  log.append(source, -1)
}
