// A store as random work on it needs it: small limits, so that a little work makes many files, and no damage.
import assert from 'node:assert/strict'
import { Turn } from '../../src/lib/turn.ts'
import type { Disk } from '../../src/log/file/disk.ts'
import {
  type FileLogStoreOptions,
  openFileLogStore,
  type OpenedFileLogStore,
} from '../../src/log/file/open-file-log-store.ts'
import type { HastyClock } from '../../src/testing/hasty-clock.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { applyModelEntry } from './log-model.ts'
import { contentOf, modelConverter, tinyLimits } from './store-workload.ts'

/** In `/data`, where nothing else is said. */
export function openWorkloadStore(
  disk: Disk,
  clock: HastyClock,
  place: Partial<Pick<FileLogStoreOptions, 'path' | 'local'>> = {},
): Promise<OpenedFileLogStore> {
  return openFileLogStore({
    path: '/data',
    ...place,
    disk,
    clock,
    turn: new Turn(clock),
    durability: 'fsync',
    converter: modelConverter,
    random: seededRandom(1),
    limits: tinyLimits,
    events: { onDamaged: (_log, _first, _last, error) => assert.fail(error) },
  })
}

/** All that a broker would find in it, as text. */
export async function foundIn({ store, recovered }: OpenedFileLogStore): Promise<string> {
  const topology = new Map<string, string>()
  for (const { bytes } of recovered.topology) applyModelEntry(topology, bytes)
  return (await contentOf(store, topology, recovered.state)).toString()
}
