import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lease } from './lease.ts'

test('a lease is held for the own limit after the last heartbeat that succeeded was sent', () => {
  const lease = new Lease()
  assert.equal(lease.stateAt(0), 'frozen', 'before the first')
  lease.onHeartbeat(1000)
  assert.equal(lease.stateAt(1000), 'held')
  assert.equal(lease.stateAt(3999), 'held')
  assert.equal(lease.stateAt(4000), 'frozen')
  assert.equal(lease.endsAt, 4000)
})

test('a frozen lease goes on when a heartbeat succeeds', () => {
  const lease = new Lease()
  lease.onHeartbeat(0)
  assert.equal(lease.stateAt(60_000), 'frozen')
  lease.onHeartbeat(60_000)
  assert.equal(lease.stateAt(60_001), 'held')
})

test('a late answer to an older heartbeat does not shorten the lease', () => {
  const lease = new Lease()
  lease.onHeartbeat(2000)
  lease.onHeartbeat(1000)
  assert.equal(lease.endsAt, 5000)
})

test('a lease is over for good when another process has the name', () => {
  const lease = new Lease()
  lease.onHeartbeat(0)
  lease.onSuperseded()
  lease.onHeartbeat(100)
  assert.equal(lease.stateAt(100), 'lost')
})
