import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { networkLimits } from '../limits/network.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type Sender, SendWatch } from './send-watch.ts'

const timeoutMs = 30_000

/** A connection that has 1,000 bytes unsent; as much of them as `taken` the system has by now. */
class SenderDouble implements Sender {
  taken = 0
  /** Bytes that the stream still has. */
  waiting = 1000
  isEnded = false
  readonly socket: Socket = this.#socketDouble()

  onSendTimeout(): void {
    this.isEnded = true
  }

  #socketDouble(): Socket {
    const waiting = (): number => this.waiting
    const queued = (): number => 1000 - this.taken
    return {
      get writableLength() {
        return waiting()
      },
      _handle: {
        bytesWritten: 1000,
        get writeQueueSize() {
          return queued()
        },
      },
    } as unknown as Socket
  }
}

test('a peer that takes nothing for the whole time is ended', () => {
  const clock = new VirtualClock()
  const sender = new SenderDouble()
  new SendWatch(clock, timeoutMs).watch(sender)
  clock.advance(timeoutMs - networkLimits.sendCheckMs)
  assert.equal(sender.isEnded, false)
  clock.advance(2 * networkLimits.sendCheckMs)
  assert.equal(sender.isEnded, true)
  assert.equal(clock.timerCount, 0)
})

test('a peer that takes a few bytes of a large write now and then is not ended', () => {
  const clock = new VirtualClock()
  const sender = new SenderDouble()
  new SendWatch(clock, timeoutMs).watch(sender)
  for (let count = 0; count < 20; count++) {
    clock.advance(timeoutMs * 0.9)
    sender.taken++
  }
  assert.equal(sender.isEnded, false)
})

test('nothing is looked at any more when everything was taken, or the connection has ended', () => {
  const clock = new VirtualClock()
  const watch = new SendWatch(clock, timeoutMs)
  const [first, second] = [new SenderDouble(), new SenderDouble()]
  watch.watch(first)
  watch.watch(second)
  first.waiting = 0
  watch.forget(second)
  clock.advance(2 * networkLimits.sendCheckMs)
  assert.equal(clock.timerCount, 0)
  clock.advance(timeoutMs)
  assert.deepEqual([first.isEnded, second.isEnded], [false, false])
})

test('a connection is watched again when it gets behind again', () => {
  const clock = new VirtualClock()
  const watch = new SendWatch(clock, timeoutMs)
  const sender = new SenderDouble()
  watch.watch(sender)
  sender.waiting = 0
  clock.advance(timeoutMs)
  sender.waiting = 1000
  watch.watch(sender)
  clock.advance(timeoutMs / 2)
  assert.equal(sender.isEnded, false)
  clock.advance(timeoutMs)
  assert.equal(sender.isEnded, true)
})
