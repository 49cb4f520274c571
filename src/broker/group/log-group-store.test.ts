import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { Turn } from '../../lib/turn.ts'
import { openFileLogStore, type OpenedFileLogStore } from '../../log/file/open-file-log-store.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { GroupRow, GroupVerdict } from './group-store.ts'
import { groupRowsOf, LogGroupStore } from './log-group-store.ts'

/** A log that keeps three rows. */
function open(disk: FaultDisk): Promise<OpenedFileLogStore> {
  return openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn: new Turn(systemClock),
    durability: 'fsync',
    random: seededRandom(1),
    limits: { stateCountMax: 3 },
  })
}

function rows(...texts: string[]): GroupRow[] {
  return texts.map((text) => ({ key: Buffer.from(text), value: Buffer.from(`${text}!`) }))
}

function write(groups: LogGroupStore, written: readonly GroupRow[]): Promise<GroupVerdict> {
  return new Promise((resolve) => {
    groups.write(written, resolve)
  })
}

test('rows for which there is no room are kept as a whole or not at all', async () => {
  const disk = new FaultDisk(systemClock)
  const first = await open(disk)
  const groups = new LogGroupStore(first.store)
  assert.equal(await write(groups, rows('a', 'b')), 'durable')
  assert.equal(await write(groups, rows('c', 'd')), 'full')
  await first.store.close()
  const second = await open(disk)
  assert.deepEqual(groupRowsOf(second.recovered.state), rows('a', 'b'))
  await second.store.close()
})

test('a write that changes nothing is answered, after those before it', async () => {
  const { store } = await open(new FaultDisk(systemClock))
  const groups = new LogGroupStore(store)
  assert.equal(await write(groups, rows('a', 'b', 'c', 'd')), 'full')
  const verdicts: GroupVerdict[] = []
  groups.write(rows('a', 'b', 'c'), (verdict) => verdicts.push(verdict))
  const last = write(groups, rows('d')).then((verdict) => verdicts.push(verdict))
  assert.deepEqual(verdicts, [])
  await last
  assert.deepEqual(verdicts, ['durable', 'full'])
  await store.close()
})
