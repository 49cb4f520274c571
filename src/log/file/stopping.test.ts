// What comes while a store is being closed: a timer does not know that nobody wants it any more. It is durable or
// not, as what was told says, and never in the way of what was there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, durable, readAll } from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import type { FileLogStore } from './file-log-store.ts'
import { openFileLogStore } from './open-file-log-store.ts'

function open(disk: FaultDisk): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: {},
    events: {},
  })
}

function source(body: string): RecordSource {
  const result = new RecordSource()
  result.body = Buffer.from(body)
  result.bodyEnd = result.body.length
  return result
}

/** A store with one durable record. */
async function openWithLog(disk: FaultDisk): Promise<{ store: FileLogStore; log: Log }> {
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  log.append(source('first'), -1)
  await durable(store.endAtom())
  return { store, log }
}

/** Appends at the operation of the disk with that number after the beginning of the close. */
async function closeWithAppend(
  disk: FaultDisk,
  { store, log }: { readonly store: FileLogStore; readonly log: Log },
  number: number,
): Promise<{ readonly isConfirmed: () => boolean; readonly operationCount: number }> {
  let operationCount = 0
  let isConfirmed = false
  disk.onOperation = () => {
    if (operationCount++ === number) {
      systemClock.atEndOfTurn(() => {
        store.beginAtom()
        log.append(source('late'), -1)
        store.endAtom()?.whenDurable(() => {
          isConfirmed = true
        })
      })
    }
    return undefined
  }
  await store.close()
  disk.onOperation = () => undefined
  return { isConfirmed: () => isConfirmed, operationCount }
}

test('what is appended while a store is closed leaves what was there as it was', async () => {
  let operationCount = Infinity
  for (let number = 0; number < operationCount; number++) {
    const disk = new FaultDisk(systemClock)
    const opened = await openWithLog(disk)
    const closed = await closeWithAppend(disk, opened, number)
    operationCount = closed.operationCount
    const isConfirmed = closed.isConfirmed()
    const { store } = await open(disk.kill())
    const log = store.logs.get(opened.log.id)
    assert.ok(log)
    const bodies = (await readAll(store, log, 0)).map(([, body]) => body)
    const where = `late at operation ${number} of ${operationCount}`
    assert.deepEqual(
      bodies,
      isConfirmed || bodies.length > 1 ? ['first', 'late'] : ['first'],
      where,
    )
    await store.close()
  }
})
