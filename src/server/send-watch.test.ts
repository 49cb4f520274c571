import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { MemoryAccount } from '../broker/memory-account.ts'
import { networkLimits } from '../limits/network.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type Sender, SendWatch } from './send-watch.ts'

const timeoutMs = 30_000
const memory = new MemoryAccount({ watermark: 1e9, onReceived: () => undefined })

/** A connection that has 1,000 bytes unsent; as much of them as `taken` the system has by now. */
class SenderDouble implements Sender {
  taken = 0
  /** Bytes that the stream still has. */
  waiting = 1000
  isEnded = false
  looks = 0
  readonly socket: Socket = this.#socketDouble()

  onSendLook(): void {
    this.looks++
  }

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
  new SendWatch({ clock, memory, timeoutMs }).watch(sender)
  clock.advance(timeoutMs - networkLimits.sendCheckMs)
  assert.equal(sender.isEnded, false)
  clock.advance(2 * networkLimits.sendCheckMs)
  assert.equal(sender.isEnded, true)
  assert.equal(clock.timerCount, 0)
})

test('a peer that takes a few bytes of a large write now and then is not ended', () => {
  const clock = new VirtualClock()
  const sender = new SenderDouble()
  new SendWatch({ clock, memory, timeoutMs }).watch(sender)
  for (let count = 0; count < 20; count++) {
    clock.advance(timeoutMs * 0.9)
    sender.taken++
  }
  assert.equal(sender.isEnded, false)
})

test('nothing is looked at any more when everything was taken, or the connection has ended', () => {
  const clock = new VirtualClock()
  const watch = new SendWatch({ clock, memory, timeoutMs })
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
  const watch = new SendWatch({ clock, memory, timeoutMs })
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

test('a peer that takes nothing is ended soon while too much is unsent in all', () => {
  const clock = new VirtualClock()
  const memory = new MemoryAccount({ watermark: 1000, onReceived: () => undefined })
  const watch = new SendWatch({ clock, memory, timeoutMs })
  const [deaf, slow] = [new SenderDouble(), new SenderDouble()]
  for (const each of [deaf, slow]) watch.watch(each)
  const holder = { onMemoryNeeded: () => undefined }
  memory.open(holder).set('output', 10_000_000)
  for (let seconds = 0; seconds <= networkLimits.pressedSendMsMax / 1000; seconds++) {
    clock.advance(1000)
    slow.taken++
  }
  assert.deepEqual([deaf.isEnded, slow.isEnded], [true, false])
})

test('a connection that waits for others is looked at once', () => {
  const clock = new VirtualClock()
  const watch = new SendWatch({ clock, memory, timeoutMs })
  const sender = new SenderDouble()
  sender.waiting = 0
  watch.watch(sender)
  clock.advance(2 * networkLimits.sendCheckMs)
  assert.deepEqual([sender.looks, sender.isEnded], [1, false])
  assert.equal(clock.timerCount, 0)
})

test('a sender that is watched again when it is looked at is looked at once a time', () => {
  const clock = new VirtualClock()
  const watch = new SendWatch({ clock, memory, timeoutMs })
  const sender = new SenderDouble()
  sender.onSendLook = () => {
    sender.looks++
    // An endless loop would not end by itself.
    if (sender.looks < 100) watch.watch(sender)
  }
  watch.watch(sender)
  sender.waiting = 0
  clock.advance(networkLimits.sendCheckMs)
  assert.equal(sender.looks, 1)
  clock.advance(networkLimits.sendCheckMs)
  assert.equal(sender.looks, 2)
})
