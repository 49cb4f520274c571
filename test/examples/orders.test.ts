// examples/orders does what its README says. PABAL_TEST_KAFKA=host:port names another broker.

import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { InteropBroker } from '../interop/interop-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { findKafkaExampleLanguages } from './example-languages.ts'
import type { ExampleProgram } from './example-program.ts'

const TAKEOVER_MS = 30_000
type ProgramName = 'place-orders' | 'billing' | 'analytics'
type Start = (name: ProgramName, ...args: readonly string[]) => ExampleProgram

interface Line {
  readonly id: number
  readonly user: string
}

/** Lines like "billed 12 of user-2: 9.44". */
function orders(lines: readonly string[], word: string): Line[] {
  return lines.flatMap((line) => {
    const found = new RegExp(`^${word} (\\d+) of (user-\\d+)`).exec(line)
    return found ? [{ id: Number(found[1]), user: found[2]! }] : []
  })
}

const ids = (lines: readonly string[], word: string): number[] =>
  orders(lines, word).map(({ id }) => id)

/** Partitions of the last assignment that a member printed. */
function partitionsOf({ lines }: ExampleProgram): number[] {
  const last = lines.findLast((line) => line.startsWith('has partitions'))
  return (last?.match(/\d+/g) ?? []).map(Number)
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

const ascending = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b)

/** A user's orders come in their order; one that is seen again counts where it was first. */
function assertOrderPerUser(seen: readonly Line[]): void {
  const last = new Map<string, number>()
  const known = new Set<number>()
  for (const { id, user } of seen) {
    if (known.has(id)) continue
    known.add(id)
    assert.ok(id > (last.get(user) ?? 0), `order ${id} of ${user} came after ${last.get(user)}`)
    last.set(user, id)
  }
}

/** Forgets what earlier tests left. */
async function cleanUp(admin: Admin): Promise<void> {
  if ((await admin.listTopics()).includes('orders'))
    await admin.deleteTopics({ topics: ['orders'] })
  const { groups } = await admin.listGroups()
  const left = groups.map(({ groupId }) => groupId).filter((id) => /^(billing|analytics)$/.test(id))
  if (left.length > 0) await admin.deleteGroups(left)
  await waitFor('orders is gone', async () => !(await admin.listTopics()).includes('orders'))
}

for (const { name, skip, startWith } of await findKafkaExampleLanguages())
  describe(`orders in ${name}`, { skip }, () => {
    let broker: InteropBroker
    let admin: Admin
    let start: Start
    before(async () => {
      broker = await InteropBroker.start(['kafka'])
      const address = broker.address('kafka')
      admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      start = (program, ...args) =>
        startWith('orders', program, { args, variables: { KAFKA_BROKERS: address } })
    })
    beforeEach(() => cleanUp(admin))
    after(async () => {
      await admin.disconnect()
      await broker[Symbol.asyncDispose]()
    })

    const place = async (...args: readonly number[]): Promise<void> => {
      await using shop = start('place-orders', ...args.map(String))
      await shop.succeeded()
      assert.equal(ids(shop.lines, 'placed').length, args[0])
    }

    it('lets two groups read every order, each user in order', async () => {
      await place(60)
      await using billing = start('billing')
      await using analytics = start('analytics')
      await billing.printed('60 bills', (lines) => ids(lines, 'billed').length === 60)
      await analytics.printed('60 orders', (lines) => ids(lines, 'counted').length === 60)
      assert.deepEqual(ascending(ids(billing.lines, 'billed')), range(1, 60))
      assert.deepEqual(ascending(ids(analytics.lines, 'counted')), range(1, 60))
      assertOrderPerUser(orders(billing.lines, 'billed'))
      assertOrderPerUser(orders(analytics.lines, 'counted'))
      await Promise.all([billing.stop(), analytics.stop()])
    })

    it('shares partitions, and hands over those of a member that dies', async () => {
      await place(10)
      const members = [start('billing'), start('billing')] as const
      const [dying, surviving] = members
      try {
        await waitFor(
          'three partitions each',
          () => members.every((member) => partitionsOf(member).length === 3),
          TAKEOVER_MS,
        )
        assert.deepEqual(ascending(members.flatMap(partitionsOf)), range(0, 5))
        await place(50, 11)
        const billed = (): number[] => members.flatMap(({ lines }) => ids(lines, 'billed'))
        await waitFor('60 bills', () => new Set(billed()).size === 60)
        await dying.kill()
        await place(30, 61)
        await waitFor('90 bills', () => new Set(billed()).size === 90, TAKEOVER_MS)
        assert.deepEqual(partitionsOf(surviving), range(0, 5))
        for (const { lines } of members) {
          assert.ok(ids(lines, 'billed').length > 0)
          assertOrderPerUser(orders(lines, 'billed'))
        }
        await surviving.stop()
      } finally {
        for (const member of members) await member.kill()
      }
    })

    it('reads the last week again', async () => {
      await place(42, 1, 14)
      await using first = start('analytics')
      await first.printed('42 orders', (lines) => ids(lines, 'counted').length === 42)
      await first.stop()
      await place(6, 43)
      await using again = start('analytics', '--since', '7')
      await again.printed('the newest orders', (lines) => ids(lines, 'counted').length >= 26)
      const counted = ascending(ids(again.lines, 'counted'))
      assert.deepEqual(counted, range(counted[0]!, 48))
      // Order 22 is seven days old to the millisecond, so it is on either side.
      assert.ok(counted[0] === 22 || counted[0] === 23, `begins with ${counted[0]}`)
      assertOrderPerUser(orders(again.lines, 'counted'))
      await again.stop()
    })
  })
