import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLimits } from '../limits/memory.ts'
import { MemoryAccount } from './memory-account.ts'

const megabyte = 1024 * 1024
const holder = { onMemoryNeeded: () => undefined }

function account(watermark: number): MemoryAccount {
  return new MemoryAccount({ watermark, onReceived: () => undefined })
}

test('what connections hold is added up, and given back when they close', () => {
  const memory = account(1000 * megabyte)
  const [first, second] = [memory.open(holder), memory.open(holder)]
  first.change('input', 30)
  first.set('output', 5)
  second.change('input', 20)
  second.change('input', -10)
  assert.deepEqual(memory.sizes, { input: 40, parked: 0, output: 5, unacked: 0 })
  assert.equal(first.total, 35)
  assert.equal(memory.largest(), first)
  assert.equal(memory.largest('input'), first)
  first.close()
  assert.deepEqual(memory.sizes, { input: 10, parked: 0, output: 0, unacked: 0 })
  assert.equal(memory.largest(), second)
  assert.equal(memory.largest('output'), undefined)
})

test('budgets are shares of the watermark, with a beginning and an end', () => {
  assert.equal(account(0).budgets.input, memoryLimits.budgetSizeMin)
  const small = account(100 * megabyte)
  assert.equal(small.budgets.input, 12.5 * megabyte)
  const large = account(1e12)
  assert.equal(large.budgets.input, memoryLimits.budgets.input.sizeMax)
  const share = small.open(holder)
  share.set('input', 13 * megabyte)
  assert.deepEqual([small.isOver('input'), small.isOver('input', 2)], [true, false])
})
