import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { DiskSpace, reserveName } from './disk-space.ts'

const capacity = 3_200_000
/** A tenth of the disk is left free, and the reserve is a 32nd of it. */
const freeMin = capacity / 10
const reserveSize = capacity / 32
const pieceSize = 10_000

/** Nothing but the disk is under way, and that answers within a turn. */
async function untilIdle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
}

/** Time stands still: nothing looks at the disk because a second has passed. */
function watch(disk: FaultDisk): DiskSpace {
  const onTrouble = (error: Error): void => assert.fail(error)
  return new DiskSpace({
    disk,
    clock: new VirtualClock(),
    folder: '/data',
    freeMin: undefined,
    onBlocked: () => undefined,
    onTrouble,
  })
}

/** Holds all looks at the disk once `count` of them were answered. */
function holdLooksAfter(disk: FaultDisk, count: number): void {
  let looks = 0
  const { freeSpace } = disk
  disk.freeSpace = async (path) => {
    if (++looks > count)
      disk.onOperation = (operation) => (operation === 'open' ? 'hold' : undefined)
    return freeSpace.call(disk, path)
  }
}

/** Writes until publishers are blocked; what is free then, beside the reserve. */
function writeUntilBlocked(disk: FaultDisk, space: DiskSpace): number {
  let size = 0
  while (space.blocked === undefined) {
    size += pieceSize
    assert.ok(size < capacity, 'publishers are never blocked')
    disk.setContent('/data/file', Buffer.alloc(size))
    space.onWriting(pieceSize)
  }
  return capacity - disk.usedSize
}

test('the reserve is no room for publishers, also while the disk does not say what is free', async () => {
  const disk = new FaultDisk(systemClock)
  disk.capacity = capacity
  holdLooksAfter(disk, 1)
  const space = watch(disk)
  await untilIdle()
  assert.equal(disk.contentOf(`/data/${reserveName}`).length, reserveSize)
  const free = writeUntilBlocked(disk, space)
  assert.ok(free > freeMin - 2 * pieceSize, `${free} of ${freeMin}`)
})

test('what was written before a look counts until the look is answered', async () => {
  const disk = new FaultDisk(systemClock)
  disk.capacity = capacity
  // Before the reserve, after it.
  holdLooksAfter(disk, 2)
  const space = watch(disk)
  await untilIdle()
  const free = writeUntilBlocked(disk, space)
  assert.ok(free > freeMin - 2 * pieceSize, `${free} of ${freeMin}`)
})

test('a disk elsewhere that refuses writes is full until it has refused none for a while, which is told once', async () => {
  const clock = new VirtualClock()
  const disk = new FaultDisk(systemClock)
  disk.isRemote = true
  const told: string[] = []
  const space = new DiskSpace({
    disk,
    clock,
    folder: '/data',
    freeMin: undefined,
    onBlocked: (reason, place) => told.push(`${reason}: ${place}`),
    onTrouble: (error) => assert.fail(error),
  })
  const pass = async (seconds: number, isRefusing: boolean): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      if (isRefusing) space.onOutOfSpace('postgres')
      clock.advance(1000)
      await untilIdle()
    }
  }
  await pass(30, true)
  assert.deepEqual(told, ['low on disk: postgres'])
  await pass(10, false)
  assert.deepEqual(told.slice(1), ['undefined: undefined'])
  await pass(30, true)
  assert.deepEqual(told.slice(2), ['low on disk: postgres'])
  await space.close()
})
