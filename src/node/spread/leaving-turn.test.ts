import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KnownNode } from '../../cluster/directory.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import { leavingMs } from './leaving-turn.ts'

test('nodes that are there give cells with clients away one after the other, and the last of many not too late', () => {
  const { leavingTurnMs: ms, leavingTurnsMax } = clusterLimits
  const nodes = Array.from(
    { length: 20 },
    (_, at) => ({ node: at + 1, isAlive: at !== 1 }) as KnownNode,
  )
  const turns = nodes.map((self) => leavingMs({ nodes, self }))
  assert.deepEqual(turns.slice(0, 4), [ms, 2 * ms, 2 * ms, 3 * ms])
  assert.equal(turns.at(-1), leavingTurnsMax * ms)
})
