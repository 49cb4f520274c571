// The same store with patience: every call is tried again.
import { DiskError } from '../../file/disk-error.ts'
import type { ObjectStore } from './object-store.ts'
import type { RequestPatience } from './request-patience.ts'

export function patientObjects(store: ObjectStore, patience: RequestPatience): ObjectStore {
  return {
    put: (key, source, limits) =>
      patience.run({
        name: `put ${key}`,
        limits,
        attempt: () => store.put(key, source, limits),
      }),
    getRange: (key, from, size, limits) =>
      patience.run({
        name: `get ${key}`,
        limits,
        attempt: async () => {
          const bytes = await store.getRange(key, from, size, limits)
          if (bytes.length === size) return bytes
          // No store is to do that: a short answer must never become an end.
          throw new DiskError('io', `get ${key}: ${bytes.length} bytes instead of ${size}`)
        },
      }),
    head: (key, limits) =>
      patience.run({ name: `head ${key}`, limits, attempt: () => store.head(key, limits) }),
    list: (prefix, range) =>
      patience.run({
        name: `list ${prefix}`,
        limits: range,
        attempt: () => store.list(prefix, range),
      }),
    delete: (keys, limits) =>
      patience.run({
        name: `delete ${keys.length} objects`,
        limits,
        attempt: () => store.delete(keys, limits),
      }),
    close: () => store.close(),
  }
}
