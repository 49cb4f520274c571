import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryAccount, type MemoryShare } from '../broker/memory-account.ts'
import { memoryLimits } from '../limits/memory.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { ParkedRelief } from './parked-relief.ts'

test('when memory stays short, those that left most are ended until it is ample', () => {
  const clock = new VirtualClock()
  const account = new MemoryAccount({ watermark: 1e9, onReceived: () => undefined })
  const ended: string[] = []
  const hold = (name: string, size: number): void => {
    const share: MemoryShare = account.open({
      onMemoryNeeded() {
        ended.push(name)
        share.close()
      },
    })
    share.set('parked', size)
  }
  hold('some', 2e6)
  hold('little', memoryLimits.smallInputSize - 1)
  hold('most', 3e6)
  hold('less', 1e6)
  using relief = new ParkedRelief(account, clock)
  clock.advance(2 * memoryLimits.parkedMsMax)
  relief.setShort(true)
  relief.setShort(true)
  clock.advance(memoryLimits.parkedMsMax - 1)
  assert.deepEqual(ended, [])
  clock.advance(1)
  assert.deepEqual(ended, ['most'])
  clock.advance(memoryLimits.parkedReliefMs)
  assert.deepEqual(ended, ['most', 'some'])
  relief.setShort(false)
  clock.advance(memoryLimits.parkedMsMax)
  assert.deepEqual(ended, ['most', 'some'])
  relief.setShort(true)
  clock.advance(2 * memoryLimits.parkedMsMax)
  assert.deepEqual(ended, ['most', 'some', 'less'])
})
