import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryAccount } from '../../broker/memory-account.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { InputBudget } from '../input-budget.ts'
import { HeldMemory } from './held-memory.ts'

test('a connection that is gone holds nothing, also when it ends while a request of it is read', () => {
  const clock = new VirtualClock()
  const memory = new MemoryAccount({ watermark: 1e9, onReceived: () => undefined })
  const inputBudget = new InputBudget({ account: memory, clock, uncommittedSize: () => 0 })
  const held = new HeldMemory({
    context: { memory, inputBudget, clock },
    onResumed: () => undefined,
    onNeeded: () => undefined,
  })
  held.setInput(3_000_000)
  assert.equal(memory.sizes.input, 3_000_000)
  // A refused request ends the connection within a chunk, whose reading then ends with what is held:
  // requests that are still being answered.
  held.close()
  held.setInput(3_000_000)
  assert.equal(memory.sizes.input, 0)
})
