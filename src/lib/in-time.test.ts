import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { inTime, upTo } from './in-time.ts'

const late = (): Error => new Error('too late')

describe('inTime', () => {
  it('gives what came in time, a failure too', async () => {
    const clock = new VirtualClock()
    assert.equal(await inTime(clock, 10, Promise.resolve(7), late), 7)
    await assert.rejects(inTime(clock, 10, Promise.reject(new Error('broken')), late), /broken/)
  })

  it('rejects when the time is over, and what comes later is of no account', async () => {
    const clock = new VirtualClock()
    const { promise, resolve } = Promise.withResolvers<number>()
    const waiting = inTime(clock, 10, promise, late)
    clock.advance(10)
    resolve(7)
    await assert.rejects(waiting, /too late/)
  })
})

describe('upTo', () => {
  it('ends with the work, also with one that fails', async () => {
    const clock = new VirtualClock()
    await upTo(clock, 10, Promise.resolve())
    await upTo(clock, 10, Promise.reject(new Error('broken')))
  })

  it('ends when the time is over, whatever becomes of the work', async () => {
    const clock = new VirtualClock()
    const { promise, reject } = Promise.withResolvers<never>()
    const waiting = upTo(clock, 10, promise)
    clock.advance(10)
    await waiting
    reject(new Error('nobody waits for it'))
  })
})
