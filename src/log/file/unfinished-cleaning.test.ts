// A process dies while it copies what lives of old files, and then the manifest is lost: a repair finds the
// half of a file of survivors, and must not take it for damage.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createLogWithCursor,
  cursorOf,
  durable,
  readAll,
} from '../../../test/support/log-engines.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Log } from '../log.ts'
import { decodeFileHeader, fileHeaderSize, fileKind } from './file-format.ts'
import { openFileLogStore } from './open-file-log-store.ts'
import { repairDataFolder } from './repair.ts'
import { verifyDataFolder } from './verify.ts'

const manifestPath = '/data/MANIFEST'
const quickClock: Clock = {
  ...systemClock,
  every: (_ms, callback) => systemClock.every(2, callback),
}

function open(disk: FaultDisk): ReturnType<typeof openFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock: quickClock,
    turn: new Turn(quickClock),
    durability: 'fsync',
    random: seededRandom(9),
    limits: { walFileSizeMax: 5000, tailCacheSizeMax: 2000 },
  })
}

function isOfSurvivors(disk: FaultDisk, path: string): boolean {
  if (!path.endsWith('.log') || !disk.paths.includes(path)) return false
  return decodeFileHeader(disk.contentOf(path))?.kind === fileKind.survivors
}

interface Killed {
  readonly disk: FaultDisk
  /** Of the survivors, written to its end and not listed. */
  readonly path: string
}

/** One message of ten is not acked. */
async function killedWhileCleaning(): Promise<Killed> {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 5_000_000
  const { store } = await open(disk)
  store.beginAtom()
  const log = createLogWithCursor(store)
  await durable(store.endAtom())
  for (let number = 0; number < 200; number++) {
    store.beginAtom()
    const source = new RecordSource()
    source.body = Buffer.from(`message ${number} `.padEnd(150, 'x'))
    source.bodyEnd = source.body.length
    log.append(source, -1)
    if (number % 10 > 0) cursorOf(log).ack(number)
    await durable(store.endAtom())
  }
  let path = ''
  disk.onOperation = (operation, where) => {
    if (operation !== 'sync' || !isOfSurvivors(disk, where)) return undefined
    if (disk.contentOf(where).length === fileHeaderSize) return undefined
    path = where
    return 'hold'
  }
  while (disk.heldCount === 0) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
  return { disk: disk.kill(), path }
}

async function livingIn(disk: FaultDisk): Promise<number[]> {
  const { store, recovered } = await open(disk)
  const log = recovered.logs[0] as Log
  const { acked } = cursorOf(log)
  const records = await readAll(store, log, acked.floor)
  await store.close()
  return records.map(([offset]) => offset).filter((offset) => !acked.isAcked(offset))
}

const living = Array.from({ length: 20 }, (_, number) => number * 10)

test('half a file of survivors that was never listed is no loss, wherever it ends', async () => {
  const { disk: killed, path } = await killedWhileCleaning()
  const { length } = killed.contentOf(path)
  for (let size = fileHeaderSize; size <= length; size += 29) {
    const disk = killed.copy()
    disk.setContent(path, disk.contentOf(path).subarray(0, size))
    disk.remove(manifestPath)
    const offline = { disk, path: '/data', isLocked: () => false }
    const { lost } = await repairDataFolder({ ...offline, isDryRun: false })
    assert.deepEqual(lost, [], `${size} bytes of ${length}`)
    const { problems } = await verifyDataFolder(offline)
    assert.deepEqual(
      problems.filter(({ severity }) => severity === 'damage'),
      [],
    )
    assert.deepEqual(await livingIn(disk), living)
  }
})

test('a file of survivors that holds the only copy is damaged when its end cannot be read', async () => {
  const { disk } = await killedWhileCleaning()
  // The file is listed and its sources are removed.
  assert.deepEqual(await livingIn(disk), living)
  const survivors = disk.paths.findLast((each) => isOfSurvivors(disk, each)) as string
  const { length } = disk.contentOf(survivors)
  disk.setContent(survivors, disk.contentOf(survivors).subarray(0, length / 2))
  disk.remove(manifestPath)
  const offline = { disk, path: '/data', isLocked: () => false }
  const { lost } = await repairDataFolder({ ...offline, isDryRun: false })
  assert.ok(lost.length > 0)
  assert.ok((await livingIn(disk)).length < living.length)
})
