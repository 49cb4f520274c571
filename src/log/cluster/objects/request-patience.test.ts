import assert from 'node:assert/strict'
import { test } from 'node:test'
import { objectLimits } from '../../../limits/objects.ts'
import { MemoryObjects, seededFates } from '../../../testing/memory-objects.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { VirtualClock } from '../../../testing/virtual-clock.ts'
import { DiskError } from '../../file/disk-error.ts'
import { bufferSource } from './object-source.ts'
import { patientObjects } from './patient-objects.ts'
import { RequestPatience, type RequestTrouble } from './request-patience.ts'

const failed = new DiskError('io', 'get one: 503')

/** Lets time go by until `work` is settled. */
async function pass<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const note = (): void => void (isDone = true)
  work.then(note, note)
  for (;;) {
    await new Promise(setImmediate)
    if (isDone) return work
    clock.endOneTurn()
    clock.nextTimer()
  }
}

function patienceOf(clock: VirtualClock): { patience: RequestPatience; told: RequestTrouble[] } {
  const told: RequestTrouble[] = []
  const random = seededRandom(1)
  const onTrouble = (trouble: RequestTrouble): void => void told.push(trouble)
  return { patience: new RequestPatience({ clock, random, onTrouble }), told }
}

test('pauses double up to a limit, and each failure is told', async () => {
  const clock = new VirtualClock()
  const { patience, told } = patienceOf(clock)
  let tries = 0
  const attempt = (): Promise<string> =>
    ++tries <= 12 ? Promise.reject(failed) : Promise.resolve('bytes')
  assert.equal(await pass(clock, patience.run({ name: 'get one', attempt })), 'bytes')
  assert.deepEqual(
    told.map(({ tries }) => tries),
    Array.from({ length: 12 }, (_, index) => index + 1),
  )
  const at = told.map(({ forMs }) => forMs)
  for (let index = 1; index < at.length; index++) {
    const pause = at[index]! - at[index - 1]!
    const longest = Math.min(objectLimits.retryMs * 2 ** (index - 1), objectLimits.retryMsMax)
    assert.ok(pause >= longest / 2 && pause <= longest, `${pause} of ${longest}`)
  }
})

test('without a limit there is no end, with one the last error says how long it took', async () => {
  const clock = new VirtualClock()
  const { patience } = patienceOf(clock)
  const attempt = (): Promise<string> => Promise.reject(failed)
  const never = patience.run({ name: 'get one', attempt })
  never.catch(() => undefined)
  const limits = { patienceMs: 60_000 }
  await assert.rejects(pass(clock, patience.run({ name: 'get one', limits, attempt })), {
    kind: 'io',
    message: /^get one: 503 \(tried \d+ times in \d+\.\d s\)$/,
  })
  assert.ok(clock.monotonic() <= 60_000)
  assert.ok(clock.monotonic() > 60_000 - objectLimits.retryMsMax)
  const stillWaits = await Promise.race([never, new Promise((resolve) => setImmediate(resolve))])
  assert.equal(stillWaits, undefined)
})

test('a lost epoch and errors that are no disk’s are not tried again', async () => {
  const { patience, told } = patienceOf(new VirtualClock())
  for (const error of [new DiskError('fenced', 'another owner'), new TypeError('ours')]) {
    const attempt = (): Promise<string> => Promise.reject(error)
    await assert.rejects(patience.run({ name: 'get one', attempt }), error)
  }
  assert.equal(told.length, 0)
})

test('who gives up waits no longer', async () => {
  const clock = new VirtualClock()
  const { patience } = patienceOf(clock)
  const asked = new AbortController()
  const attempt = (): Promise<string> => Promise.reject(failed)
  const work = patience.run({ name: 'get one', limits: { signal: asked.signal }, attempt })
  await new Promise(setImmediate)
  asked.abort()
  await assert.rejects(work, { kind: 'io', message: /given up/ })
  assert.equal(clock.timerCount, 0)
})

test('a store that gives too few bytes as if that were right is not believed', async () => {
  const clock = new VirtualClock()
  const store = new MemoryObjects({ clock })
  const { patience, told } = patienceOf(clock)
  const objects = patientObjects(store, patience)
  await objects.put('c1/e1/a', bufferSource(Buffer.from('bytes')))
  let left = 2
  store.onRequest = () => (left-- > 0 ? { end: 'short' } : undefined)
  assert.equal(String(await pass(clock, objects.getRange('c1/e1/a', 0, 5))), 'bytes')
  assert.match(told[1]?.error.message ?? '', /2 bytes instead of 5/)
})

test('a store in memory that fails from a seed loses nothing', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const clock = new VirtualClock()
    const store = new MemoryObjects({ clock, onRequest: seededFates(seededRandom(seed), 0.5) })
    const { patience } = patienceOf(clock)
    const objects = patientObjects(store, patience)
    const work = Array.from({ length: 10 }, async (_, index) => {
      const key = `c1/e1/${index}`
      await objects.put(key, bufferSource(Buffer.from(key)))
      assert.equal(String(await objects.getRange(key, 1, 3)), key.slice(1, 4), `seed ${seed}`)
      if (index >= 5) await objects.delete([key])
    })
    await pass(clock, Promise.all(work))
    assert.equal(store.keys.length, 5, `seed ${seed}`)
  }
})
