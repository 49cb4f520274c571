// A short part of `npm run check:transactions`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestBroker } from '../support/start-test-broker.ts'
import { Book } from './book.ts'
import { checkSeed } from './check-seed.ts'
import { judgeCopies, judgeTail, judgeWritten } from './judge.ts'

test('transactions are whole while producers are fenced and the broker is killed', async () => {
  await using broker = await TestBroker.start(['--kafka-port', '0'])
  const checked = await checkSeed({ seed: 1, broker, kills: 1, transactions: 4 })
  assert.deepEqual(checked.faults, [])
  assert.ok(checked.committed > 0 && checked.aborted > 0 && checked.copied > 0)
})

test('the judge finds what is torn, lost, doubled, aborted, invented and out of order', () => {
  const at = (...values: string[]): { offset: number; value: string }[] =>
    values.map((value, offset) => ({ offset, value }))
  const faultsIn = (fate: 'committed' | 'aborted' | 'unknown', ...values: string[]): string[] => {
    const book = new Book()
    const entry = book.begin('w')
    entry.fate = fate
    for (let count = 0; count < 2; count++) entry.note('t', 0).isStored = true
    return judgeWritten(book, new Map([['t/0', at(...values)]]))
  }
  assert.deepEqual(faultsIn('committed', 'w 0 0', 'w 0 1'), [])
  assert.deepEqual(faultsIn('aborted'), [])
  assert.deepEqual(faultsIn('unknown'), [])
  assert.match(faultsIn('unknown', 'w 0 0').join(), /torn/)
  assert.match(faultsIn('committed', 'w 0 0').join(), /lost w 0 1/)
  assert.match(faultsIn('aborted', 'w 0 0').join(), /shows w 0 0/)
  assert.match(faultsIn('committed', 'w 0 0', 'w 0 0', 'w 0 1').join(), /doubled/)
  assert.match(faultsIn('committed', 'w 0 1', 'w 0 0').join(), /out of order/)
  assert.match(faultsIn('committed', 'w 0 0', 'w 0 1', 'x 0 0').join(), /invented/)
  assert.equal(judgeCopies(at('a', 'b'), at('a', 'b'), 't/0').length, 0)
  assert.equal(judgeCopies(at('a', 'b'), at('a'), 't/0').length, 1)
  assert.equal(judgeCopies(at('a'), at('a', 'a'), 't/0').length, 1)
  assert.equal(judgeTail(at('a'), at('a', 'b'), 't/0').length, 0)
  assert.equal(judgeTail(at('b'), at('a', 'b'), 't/0').length, 1)
})
