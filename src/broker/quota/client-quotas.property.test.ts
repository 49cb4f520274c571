// Quotas against a model that knows Kafka's order of precedence as a list, and windows as sums.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Turn } from '../../lib/turn.ts'
import { quotaLimits } from '../../limits/quota.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { DynamicSettings } from '../dynamic-settings.ts'
import type { TokenBucket } from '../rate/token-bucket.ts'
import { ClientQuotas } from './client-quotas.ts'
import type { QuotaEntity } from './quota-entity.ts'

interface Under {
  readonly clock: VirtualClock
  readonly settings: DynamicSettings
  readonly quotas: ClientQuotas
}

function underTest(): Under {
  const clock = new VirtualClock()
  const settings = new DynamicSettings(new MemoryLogStore({ clock, turn: new Turn(clock) }))
  return { clock, settings, quotas: new ClientQuotas({ clock, settings }) }
}

const names = ['a', 'b'] as const
const part = fc.constantFrom('a', 'b', null, undefined)
const entity = fc
  .record({ user: part, 'client-id': part })
  .filter((each) => each.user !== undefined || each['client-id'] !== undefined)
const change = fc.record({ entity, rate: fc.option(fc.integer({ min: 1, max: 1000 })) })

type Change = { readonly entity: QuotaEntity; readonly rate: number | null }

/** Of all that fit, the one with the most exact user, then with the most exact client id. */
function modelOf(set: readonly Change[], user: string, clientId: string): Change | undefined {
  const exactness = (value: string | null | undefined): number =>
    value === undefined ? 0 : value === null ? 1 : 2
  const fits = (value: string | null | undefined, name: string): boolean =>
    value === undefined || value === null || value === name
  return set
    .filter((each) => fits(each.entity.user, user) && fits(each.entity['client-id'], clientId))
    .toSorted(
      (one, two) =>
        exactness(two.entity.user) - exactness(one.entity.user) ||
        exactness(two.entity['client-id']) - exactness(one.entity['client-id']),
    )[0]
}

function sameEntity(one: QuotaEntity, two: QuotaEntity): boolean {
  return one.user === two.user && one['client-id'] === two['client-id']
}

function allClients(): { user: string; clientId: string }[] {
  return names.flatMap((user) => names.map((clientId) => ({ user, clientId })))
}

/** Who shares a bucket with whom. */
function partyOf({ entity }: Change, user: string, clientId: string): string {
  const parts = [entity.user !== undefined && user, entity['client-id'] !== undefined && clientId]
  return JSON.stringify(parts)
}

test('KIP-55: the quota that says most about a client counts, and is shared with whom it says', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const { quotas, settings, clock } = underTest()
      const set: Change[] = []
      for (const each of changes) {
        quotas.put(each.entity, each.rate === null ? {} : { producer_byte_rate: each.rate })
        const at = set.findIndex((known) => sameEntity(known.entity, each.entity))
        if (at >= 0) set.splice(at, 1)
        if (each.rate !== null) set.push(each)
      }
      const other = new ClientQuotas({ clock, settings })
      other.restore()
      assert.deepEqual([...other.entries()], [...quotas.entries()])
      const buckets = new Map<string, TokenBucket>()
      for (const { user, clientId } of allClients()) {
        const model = modelOf(set, user, clientId)
        const found = quotas.find('produce', { user, clientId })
        const capacity = model && (model.rate! * quotaLimits.quotaBurstMs) / 1000
        assert.equal(found && Math.round(found.capacity), capacity)
        assert.equal(quotas.find('fetch', { user, clientId }), undefined)
        if (found === undefined) continue
        const key = partyOf(model!, user, clientId)
        assert.equal(buckets.get(key) ?? found, found, 'one bucket for each party')
        buckets.set(key, found)
      }
      assert.equal(new Set(buckets.values()).size, buckets.size)
    }),
  )
})

test('clients that wait as they are told have their rate in every stretch of time, and all of it in the long run', () => {
  const rate = 100
  const step = fc.record({
    amount: fc.integer({ min: 1, max: 3000 }),
    pauseMs: fc.integer({ min: 0, max: 20_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const { quotas, clock } = underTest()
      quotas.put({ user: null }, { producer_byte_rate: rate })
      const bucket = quotas.find('produce', { user: 'a', clientId: '' })!
      const taken: { readonly at: number; readonly amount: number }[] = []
      for (const { amount, pauseMs } of steps) {
        clock.advance(pauseMs)
        bucket.take(amount)
        taken.push({ at: clock.monotonic(), amount })
        clock.advance(bucket.debtMs)
      }
      for (let from = 0; from < taken.length; from++) {
        let sum = 0
        for (const { at, amount } of taken.slice(from)) {
          // What is too large passes as a whole, and only when all before it is paid.
          const allowed = ((at - taken[from]!.at + quotaLimits.quotaBurstMs) / 1000) * rate
          assert.ok(sum <= allowed + 1e-6, `${sum} before ${at}, allowed ${allowed}`)
          sum += amount
        }
      }
    }),
  )
})

test('buckets of many clients are forgotten once they are full, and no sooner', () => {
  const { quotas, clock } = underTest()
  quotas.put({ 'client-id': null }, { producer_byte_rate: 1000 })
  const debtor = { user: 'a', clientId: 'debtor' }
  quotas.find('produce', debtor)!.take(1_000_000)
  const { debtMs } = quotas.find('produce', debtor)!
  const { version } = quotas
  for (let count = 0; count < 5000; count++) {
    quotas.find('produce', { user: 'a', clientId: String(count) })
  }
  assert.ok(quotas.version > version, 'who has a bucket asks again')
  assert.equal(quotas.find('produce', debtor)!.debtMs, debtMs)
  clock.advance(debtMs)
  assert.equal(quotas.find('produce', debtor)!.debtMs, 0)
})
