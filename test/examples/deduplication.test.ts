// examples/deduplication does what its README says: what is sent again and again is there once.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { findExampleLanguages } from './example-languages.ts'
import type { ExampleProgram } from './example-program.ts'

const seed = 14
const parcelCount = 600
const killCount = 4

for (const { name, skip, start } of await findExampleLanguages()) {
  describe(`deduplication in ${name}`, { skip }, () => {
    const random: Random = seededRandom(seed)
    let broker: TestBroker
    before(async () => {
      broker = await TestBroker.start()
    })
    after(() => broker[Symbol.asyncDispose]())

    const ship = (last: number): ExampleProgram =>
      start('deduplication', 'ship', broker.url, ['1', String(last)])
    const shipped = (lines: readonly string[], id: number): boolean =>
      lines.includes(`shipped ${id}`)
    const sent = ({ lines }: ExampleProgram): string[] =>
      lines.filter((line) => line.startsWith('sent '))
    const all = Array.from({ length: parcelCount }, (_, n) => `sent ${n + 1}`)

    it('gives the worker each parcel once, whoever is killed on the way', async () => {
      for (let n = 1; n <= killCount; n += 1) {
        const id = 1 + random.below(parcelCount / 2)
        await using shop = ship(parcelCount)
        if (n < killCount) await shop.killedWhen(`${id} is shipped`, (lines) => shipped(lines, id))
        else {
          await shop.printed(`${id} is shipped`, (lines) => shipped(lines, id))
          await broker.kill()
          await broker.restart()
        }
      }
      await using shop = ship(parcelCount)
      await shop.succeeded()
      assert.ok(shipped(shop.lines, 1) && shipped(shop.lines, parcelCount))
      await using worker = start('deduplication', 'worker', broker.url)
      await worker.printed('the last one', (lines) => lines.includes(all.at(-1)!))
      assert.deepEqual(sent(worker), all)

      await using again = ship(parcelCount)
      await again.succeeded()
      await using more = ship(parcelCount + 1)
      await more.succeeded()
      await worker.printed('a new one', () => sent(worker).length > parcelCount)
      assert.deepEqual(sent(worker), [...all, `sent ${parcelCount + 1}`])
    })
  })
}
