import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryAccount } from '../broker/memory-account.ts'
import { type DeliveryHolder, UnackedDeliveries } from '../broker/unacked-deliveries.ts'
import { memoryLimits } from '../limits/memory.ts'
import { DeliveryRoom, type RoomSeeker } from './delivery-room.ts'

const memory = new MemoryAccount({ watermark: 80e6, onReceived: () => undefined })
const holder: DeliveryHolder = { ackTimeoutMs: Infinity, settle: () => undefined }

class Seeker implements RoomSeeker {
  lastDeliveryTag: number
  readonly consumer = { resume: (): void => this.onResumed() }
  readonly onResumed: () => void

  constructor(lastDeliveryTag: number, onResumed: () => void) {
    this.lastDeliveryTag = lastDeliveryTag
    this.onResumed = onResumed
  }
}

test('who got a delivery longest ago is told of room first, and each is told once', () => {
  const room = new DeliveryRoom(new UnackedDeliveries(), memory)
  const told: number[] = []
  for (const tag of [7, 0, 3]) room.refuse(new Seeker(tag, () => told.push(tag)))
  assert.equal(room.isContended, true)
  room.tellRefused()
  room.tellRefused()
  assert.deepEqual(told, [0, 3, 7])
  assert.equal(room.isContended, false)
})

test('a sink that wants no more deliveries is not told', () => {
  const room = new DeliveryRoom(new UnackedDeliveries(), memory)
  const seeker = new Seeker(1, () => assert.fail('it was told'))
  room.refuse(seeker)
  room.forget(seeker)
  room.tellRefused()
})

test('a full prefetch holds deliveries with and without acks, and only those with acks fill it', () => {
  const room = new DeliveryRoom(new UnackedDeliveries(), memory)
  room.prefetch = 1
  assert.equal(room.hasRoomFor(true), true)
  room.take()
  assert.deepEqual([room.hasRoomFor(true), room.hasRoomFor(false)], [false, false])
  room.giveBack()
  assert.equal(room.hasRoomFor(false), true)
})

test('while unacked deliveries take too much in all, a channel with many of them gets no more', () => {
  const unacked = new UnackedDeliveries()
  const room = new DeliveryRoom(unacked, memory)
  const share = memory.open({ onMemoryNeeded: () => undefined })
  share.set('unacked', 10_000_001)
  for (let tag = 1; tag <= memoryLimits.pressedUnackedMax; tag++) {
    assert.equal(room.hasRoomFor(false), true)
    unacked.add(tag, holder, tag)
  }
  assert.deepEqual([room.hasRoomFor(false), room.hasRoomFor(true)], [false, true])
  share.close()
  assert.equal(room.hasRoomFor(false), true)
})
