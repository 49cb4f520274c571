import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOverDouble } from '../../../../test/support/object-stores.ts'
import { systemClock } from '../../../lib/clock.ts'
import { systemRandom } from '../../../lib/random.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { MemoryObjects } from '../../../testing/memory-objects.ts'
import { checkObjects } from './check-objects.ts'

test('a store that does everything passes, and nothing is left of it', async () => {
  const store = new MemoryObjects({ clock: systemClock })
  await checkObjects(store, systemRandom)
  assert.deepEqual(store.keys, [])
})

test('what a store refuses is said', async (t) => {
  const { checkMsMax } = objectLimits
  t.after(() => Object.assign(objectLimits, { checkMsMax }))
  Object.assign(objectLimits, { checkMsMax: 100 })
  const { objects, double, close } = await openOverDouble()
  t.after(close)
  const cases = [
    ['put', 'AccessDenied', /put cluster\/check\/[0-9a-f]+: 403 AccessDenied/],
    ['get', 'SignatureDoesNotMatch', /get check\/[0-9a-f]+: 403 SignatureDoesNotMatch/],
    ['delete', 'AccessDenied', /delete check\/[0-9a-f]+: 403 AccessDenied/],
  ] as const
  for (const [wrong, code, message] of cases) {
    double.onRequest = (operation) =>
      operation === wrong ? { kind: 'error', status: 403, code } : undefined
    await assert.rejects(checkObjects(objects, systemRandom), { kind: 'hopeless', message })
  }
})
