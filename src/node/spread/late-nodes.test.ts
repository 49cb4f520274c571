import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KnownNode } from '../../cluster/directory.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { lateNodes } from './late-nodes.ts'

test('a node that has gone is late for a while, one that was never seen alive is not', () => {
  const clock = new VirtualClock()
  const goneAt = clock.monotonic()
  const nodes = [
    { node: 1, isAlive: true },
    { node: 2, isAlive: false, goneAt },
    { node: 3, isAlive: false },
  ] as KnownNode[]
  const late = (): number[] => lateNodes({ nodes }, clock).map(({ node }) => node)
  assert.deepEqual(late(), [2])
  clock.advance(clusterLimits.lateBrokerMs - 1)
  assert.deepEqual(late(), [2])
  clock.advance(1)
  assert.deepEqual(late(), [])
})
