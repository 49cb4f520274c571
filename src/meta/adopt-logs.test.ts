import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoggedTopology, putQueue } from '../../test/support/topology-view-under-test.ts'
import { logAdopter } from './adopt-logs.ts'

test('all logs of a queue with priorities have an owner', () => {
  const log = new LoggedTopology()
  log.put(putQueue('plain', 1))
  log.put(putQueue('q', 2))
  const levels = [9, 3].map((logId) => ({ priority: logId, logId, cursorId: logId }))
  log.put(putQueue('q', 2, levels))
  assert.deepEqual(logAdopter.ownedLogs(log.entries), new Set([1, 2, 3, 9]))
})
