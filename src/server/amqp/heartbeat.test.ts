import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { Heartbeat, type HeartbeatPeer } from './heartbeat.ts'

const seconds = 2

class PeerDouble implements HeartbeatPeer {
  readonly clock = new VirtualClock()
  /** When heartbeats went out, in ms. */
  readonly heartbeats: number[] = []
  sentAt = 0
  isExcusedFromHeartbeats = false
  isGone = false

  send(): void {
    this.sentAt = this.clock.monotonic()
  }

  sendHeartbeat(): void {
    this.heartbeats.push(this.clock.monotonic())
    this.send()
  }

  onHeartbeatsMissed(): void {
    this.isGone = true
  }
}

describe('heartbeats to the peer', () => {
  it('go out each half interval while nothing else does', () => {
    const peer = new PeerDouble()
    using _ = begin(peer)
    peer.clock.advance(3500)
    assert.deepEqual(peer.heartbeats, [1000, 2000, 3000])
  })

  it('come half an interval after the last thing that was sent, whenever that was', () => {
    const peer = new PeerDouble()
    using _ = begin(peer)
    for (const ms of [10, 990, 400]) {
      peer.clock.advance(ms)
      peer.send()
    }
    peer.clock.advance(3000)
    assert.deepEqual(peer.heartbeats, [2400, 3400, 4400])
  })

  it('are not sent while something goes out all the time', () => {
    const peer = new PeerDouble()
    using _ = begin(peer)
    for (let count = 0; count < 100; count++) {
      peer.clock.advance(90)
      peer.send()
    }
    assert.deepEqual(peer.heartbeats, [])
  })
})

describe('heartbeats from the peer', () => {
  it('may be missing for two intervals and no longer', () => {
    const peer = new PeerDouble()
    using _ = begin(peer)
    peer.clock.advance(4000)
    assert.equal(peer.isGone, false)
    peer.clock.advance(1000)
    assert.equal(peer.isGone, true)
  })

  it('are not missed while the broker itself does not read', () => {
    const peer = new PeerDouble()
    using _ = begin(peer)
    peer.isExcusedFromHeartbeats = true
    peer.clock.advance(60_000)
    assert.equal(peer.isGone, false)
  })
})

function begin(peer: PeerDouble): Disposable {
  const heartbeat = new Heartbeat(peer, peer.clock, seconds)
  return { [Symbol.dispose]: () => heartbeat.stop() }
}
