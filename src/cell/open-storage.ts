// Opens what a broker keeps: the log and, on disk, the view of its topology. The view's lock is the
// lock on the data folder.
import { type MemoryChaos, MemoryLogStore } from '../log/memory/memory-log-store.ts'
import { noAccessRows } from '../meta/access-rows.ts'
import type { Topology } from '../meta/topology.ts'
import type { Storage, StorageOptions } from './storage.ts'

const noTopology: Topology = {
  appliedSequence: 0,
  vhosts: [],
  exchanges: [],
  queues: [],
  bindings: [],
  policies: [],
  delays: [],
  access: noAccessRows,
}

/**
 * Opens or creates what the options name. Throws `DataFolderLockedError` when another broker has the
 * folder, `LogError` when its files are damaged.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { kind } = options
  if (kind === 'memory') return openMemoryStorage(options)
  if (typeof kind === 'object' && !('disk' in kind)) return openMemoryStorage(options, kind)
  // Loaded only here: a broker in memory needs no SQLite.
  const { openFileStorage } = await import('./open-file-storage.ts')
  return openFileStorage(options)
}

function openMemoryStorage(options: StorageOptions, chaos?: MemoryChaos): Storage {
  const { clock, turn, converter, profile } = options
  const store = new MemoryLogStore({ clock, turn, converter, profile, ...(chaos && { chaos }) })
  return {
    store,
    topology: noTopology,
    logs: [],
    state: new Map(),
    followTopology: () => undefined,
    // Memory has no other owner.
    abandon: () => undefined,
    close: () => store.close(),
  }
}
