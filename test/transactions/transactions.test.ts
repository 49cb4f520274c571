// A short part of `npm run check:transactions`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestBroker } from '../support/start-test-broker.ts'
import { Book, type Fate } from './book.ts'
import { checkSeed } from './check-seed.ts'
import { CheckedSingle } from './checked-broker.ts'
import { JobBook } from './job-book.ts'
import { type JobsFound, judgeJobs } from './judge-jobs.ts'
import { judgeCopies, judgeTail, judgeWritten } from './judge.ts'

test('transactions are whole while producers are fenced and the broker is killed', async () => {
  await using broker = await TestBroker.start(['--kafka-port', '0'])
  const options = { seed: 1, broker: new CheckedSingle(broker), kills: 1, transactions: 3 }
  const checked = await checkSeed(options)
  assert.deepEqual(checked.faults, [])
  assert.ok(checked.committed > 0 && checked.aborted > 0 && checked.copied > 0)
  assert.ok(checked.done > 0, 'jobs were done over both protocols')
})

test('the judge of jobs finds what is torn, lost, doubled, aborted and counted wrongly', () => {
  const result = 'a by w 0'
  const faultsIn = (fate: Fate, found: Partial<JobsFound>): string => {
    const jobs = new JobBook(new Book())
    const work = jobs.begin('w', 1000)
    work.jobs.push('a')
    work.entry.fate = fate
    const nothing = { jobs: ['a'], left: [], inQueue: [], inTopic: [], offsets: new Map() }
    return judgeJobs(jobs, { ...nothing, ...found }).join()
  }
  const done = { inQueue: [result], inTopic: [result], offsets: new Map([['w', 1]]) }
  assert.equal(faultsIn('committed', done), '')
  assert.equal(faultsIn('unknown', done), '')
  assert.equal(faultsIn('unknown', { left: ['a'] }), '')
  assert.equal(faultsIn('aborted', { left: ['a'] }), '')
  assert.match(faultsIn('unknown', { inQueue: [result] }), /torn: 'a by w 0' is only in the queue/)
  assert.match(faultsIn('committed', { left: ['a'] }), /0 of 1 results are there/)
  assert.match(faultsIn('aborted', done), /aborted work w 0 shows/)
  assert.match(faultsIn('aborted', {}), /lost: 'a'/)
  assert.match(faultsIn('committed', { ...done, left: ['a'] }), /'a' has come to 2 ends/)
  assert.match(faultsIn('committed', { ...done, inQueue: [result, result] }), /doubled in results/)
  assert.match(faultsIn('committed', { ...done, offsets: new Map([['w', 2]]) }), /its offset is 2/)
})

test('a job that a transaction holds is for nobody else, and comes back marked', () => {
  const book = new Book()
  const jobs = new JobBook(book)
  const work = jobs.begin('w', 100_000)
  work.jobs.push('a')
  jobs.onHeld(work)
  jobs.onTaken('v', { value: 'a', isRedelivered: true })
  assert.match(book.faults.join(), /v gets 'a', which w 0 holds/)
  jobs.release(work)
  jobs.onGivenBack(work)
  book.faults.length = 0
  jobs.onTaken('v', { value: 'a', isRedelivered: true })
  assert.deepEqual(book.faults, [])
  jobs.onTaken('v', { value: 'a', isRedelivered: false })
  assert.match(book.faults.join(), /as if it were new/)
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
