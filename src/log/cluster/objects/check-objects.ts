// Whether a store does all that a cell asks of it, tried before anything depends on it: with a wrong bucket or without
// a right, a start says so instead of waiting for somebody to mend it.
import type { Random } from '../../../lib/random.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { DiskError } from '../../file/disk-error.ts'
import { bufferSource } from './object-source.ts'
import type { ObjectStore } from './object-store.ts'

/** Puts, reads, lists and deletes a small object. Rejects with the first thing that the store does not do. */
export async function checkObjects(objects: ObjectStore, random: Random): Promise<void> {
  const limits = { patienceMs: objectLimits.checkMsMax }
  const key = `check/${random.bytes(12).toString('hex')}`
  const bytes = random.bytes(1000)
  await objects.put(key, bufferSource(bytes), limits)
  const found = await objects.getRange(key, 100, 800, limits)
  const { objects: listed } = await objects.list(key, limits)
  await objects.delete([key], limits)
  if (!found.equals(bytes.subarray(100, 900))) {
    throw new DiskError('hopeless', `the store gives other bytes than those put under ${key}`)
  }
  if (listed.length !== 1) throw new DiskError('hopeless', `the store does not list ${key}`)
  if ((await objects.head(key, limits)) !== undefined) {
    throw new DiskError('hopeless', `the store does not delete ${key}`)
  }
}
