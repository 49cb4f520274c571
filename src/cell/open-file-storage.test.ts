import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { within } from '../../test/support/wait-for.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { systemRandom } from '../lib/random.ts'
import { Turn } from '../lib/turn.ts'
import { logLimits } from '../limits/log.ts'
import { encodeTopologyChanges } from '../meta/topology-change.ts'
import { openFileStorage } from './open-file-storage.ts'
import type { Storage } from './storage.ts'

function open(data: string): Promise<Storage> {
  return openFileStorage({
    kind: 'file',
    syncDelayMs: 0,
    data,
    durability: 'fsync',
    profile: 'latency',
    diskFreeLimit: logLimits.diskFreeMin,
    clock: systemClock,
    random: systemRandom,
    turn: new Turn(systemClock),
    logger: silentLogger,
    converter: { toMessages: () => undefined, prepare: () => undefined },
    onBlocked: () => undefined,
    onFailed: () => undefined,
  })
}

test('openFileStorage() tells how far the view is, at once and whenever it has more', async () => {
  const data = await mkdtemp(path.join(tmpdir(), 'pabal-storage-'))
  for (const last of [1, 2]) {
    const storage = await open(data)
    const told: number[] = []
    const caughtUp = Promise.withResolvers<void>()
    storage.followTopology((sequence) => {
      told.push(sequence)
      if (sequence === last) caughtUp.resolve()
    })
    const { store } = storage
    store.beginAtom()
    const row = { name: `host ${last}` }
    store.putTopology(encodeTopologyChanges([{ kind: 'vhost', op: 'put', row }]))
    store.endAtom()
    await within('the view has it', caughtUp.promise)
    assert.deepEqual(told, [last - 1, last])
    await storage.close()
  }
  await rm(data, { recursive: true })
})
