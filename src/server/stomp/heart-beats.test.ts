import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stompLimits } from '../../limits/stomp.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import {
  type HeartBeatIntervals,
  type HeartBeatPeer,
  HeartBeats,
  readHeartBeat,
} from './heart-beats.ts'

class PeerDouble implements HeartBeatPeer {
  readonly clock = new VirtualClock()
  /** When heart-beats went out, in ms. */
  readonly beats: number[] = []
  sentAt = 0
  isExcusedFromHeartBeats = false
  isGone = false

  begin(intervals: HeartBeatIntervals): HeartBeats {
    return new HeartBeats(this, this.clock, intervals)
  }

  send(): void {
    this.sentAt = this.clock.monotonic()
  }

  sendHeartBeat(): void {
    this.beats.push(this.clock.monotonic())
    this.send()
  }

  onHeartBeatsMissed(): void {
    this.isGone = true
  }
}

test('heart-beat <can send>,<wants> is answered both ways, in whole seconds', () => {
  for (const [header, toClientMs, fromClientMs] of [
    ['0,0', 0, 0],
    ['1,999', 1000, 1000],
    ['4999, 0', 0, 4000],
    ['0,2500', 2000, 0],
    ['0,999999999999999', stompLimits.heartBeatMsMax, 0],
  ] as const) {
    assert.deepEqual(readHeartBeat(header), { toClientMs, fromClientMs })
  }
  for (const header of ['', '1', '1,', 'a,b', '1,2,3', '-1,0']) {
    assert.equal(readHeartBeat(header), undefined)
  }
})

test('one goes out half an interval after the last thing that was sent', () => {
  const peer = new PeerDouble()
  const beats = peer.begin({ toClientMs: 2000, fromClientMs: 0 })
  peer.clock.advance(700)
  peer.send()
  peer.clock.advance(2500)
  assert.deepEqual(peer.beats, [1700, 2700])
  beats.stop()
  peer.clock.advance(5000)
  assert.equal(peer.beats.length, 2)
})

test('a client that has promised to send is gone when it is silent for several intervals', () => {
  const peer = new PeerDouble()
  const beats = peer.begin({ toClientMs: 0, fromClientMs: 1000 })
  peer.clock.advance(2500)
  beats.onReceived()
  peer.clock.advance(3000)
  assert.equal(peer.isGone, false)
  peer.clock.advance(1500)
  assert.equal(peer.isGone, true)
  beats.stop()
})

test('silence does not count while the client is not read', () => {
  const peer = new PeerDouble()
  const beats = peer.begin({ toClientMs: 0, fromClientMs: 1000 })
  peer.isExcusedFromHeartBeats = true
  peer.clock.advance(60_000)
  assert.equal(peer.isGone, false)
  beats.stop()
})
