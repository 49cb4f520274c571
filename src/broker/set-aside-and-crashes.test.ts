// Records that a group cannot process are set aside one after the other, while power fails at any moment: each is among
// the dead letters once, and exactly those that the group has passed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../test/support/delays-under-test.ts'
import '../../test/support/load-late-parts.ts'
import { openGroups } from '../cell/open-groups.ts'
import { openSetAside } from '../cell/open-set-aside.ts'
import { textOf } from '../record/message/field-table.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import type { GroupCoordinator } from './group/group-coordinator.ts'
import type { SetAside } from './set-aside.ts'

const place = { groupId: 'g', topic: 'orders', partition: 0 }
const asked = { ...place, to: 'graves', reason: 'rejected', attempts: 0 } as const
const recordCount = 12
const seedCount = 4

interface Life {
  readonly it: DelaysUnderTest
  readonly groups: GroupCoordinator
  readonly setAside: SetAside
}

async function start(disk: DelaysOnDisk): Promise<Life> {
  const it = await disk.start()
  const { broker } = it
  const vhost = broker.getVHost('/')
  const groups = openGroups(broker, vhost, disk.state)
  return { it, groups, setAside: openSetAside(broker, { groups, vhost }, undefined) }
}

async function make(disk: DelaysOnDisk): Promise<void> {
  const { it, groups } = await start(disk)
  it.queue('graves')
  const topics = it.broker.topicsOf(it.broker.getVHost('/'))
  topics.create({ name: 'orders', partitionCount: 1, configs: {}, isProvisional: false })
  for (let number = 0; number < recordCount; number++) {
    it.publish(`${number}`, undefined, { exchange: '', key: 'orders' })
  }
  await disk.until(() => it.isConfirmed)
  const rest = { memberId: '', instanceId: undefined, generation: -1, retentionMs: undefined }
  const offsets = [{ ...place, offset: 0, leaderEpoch: -1, metadata: 'a note' }]
  await disk.pump(
    new Promise((resolve) => {
      const request = { groupId: 'g', ...rest, offsets, knowsMissingGroup: true }
      groups.commitOffsets(request, resolve)
    }),
  )
  await disk.stop(it)
}

/** How many were set aside, as far as somebody was told. */
async function liveUntilACrash(disk: DelaysOnDisk, seed: number, told: number): Promise<number> {
  const random = seededRandom(seed)
  const { groups, setAside } = await start(disk)
  const committed = groups.fetchOffset('g', place).committed
  assert.ok(committed!.offset >= told, `offset ${committed?.offset}, and ${told} were told`)
  assert.equal(committed!.metadata, 'a note')
  let count = committed!.offset
  const turnsMax = random.below(60)
  const power = { isCut: false }
  const work = async (): Promise<void> => {
    while (count < recordCount && !power.isCut) {
      const { offset } = await setAside.run(asked)
      // What is told after the power has failed is told to nobody.
      if (!power.isCut) {
        assert.equal(offset, count)
        count++
      }
    }
  }
  void work().catch(() => undefined)
  for (let turn = 0; turn < turnsMax; turn++) await disk.turn()
  power.isCut = true
  disk.crash(random)
  return count
}

async function end(disk: DelaysOnDisk, told: number): Promise<void> {
  const { it, groups, setAside } = await start(disk)
  const passed = groups.fetchOffset('g', place).committed!.offset
  assert.ok(passed >= told)
  for (let offset = passed; offset < recordCount; offset++) {
    assert.equal((await disk.pump(setAside.run(asked))).offset, offset)
  }
  await assert.rejects(disk.pump(setAside.run(asked)), /has read all/)
  const arrivals = await disk.take(it, recordCount, 'graves')
  assert.deepEqual(
    arrivals.map(({ text }) => Number(text)),
    Array.from({ length: recordCount }, (_, number) => number),
  )
  for (const [offset, { headers }] of arrivals.entries()) {
    assert.equal(textOf(headers?.get('__dlq.errors.offset')), `${offset}`)
    assert.equal(textOf(headers?.get('x-first-death-reason')), 'rejected')
  }
  await disk.stop(it)
}

test('each is set aside once, wherever power fails', async () => {
  for (let seed = 1; seed <= seedCount; seed++) {
    const disk = new DelaysOnDisk()
    await make(disk)
    let told = 0
    for (let life = 0; life < 4; life++) told = await liveUntilACrash(disk, seed * 100 + life, told)
    await end(disk, told)
  }
})
