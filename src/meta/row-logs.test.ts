import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyTable } from '../record/message/field-table.ts'
import { cursorIdsOf, logIdsOf, withPlaces } from './row-logs.ts'
import type { QueueRow } from './topology-change.ts'

const row: QueueRow = {
  vhost: '/',
  name: 't',
  type: 'stream',
  logId: 1,
  cursorId: 11,
  autoDelete: false,
  arguments: emptyTable,
  topic: {
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    logIds: [1, 2],
    cursorIds: [11, 12],
    configs: {},
    isProvisional: false,
    transit: [{ number: 1, logId: 3, cursorId: 13, sequence: 's' }],
  },
}

test('what is on its way to partitions has logs and cursors of the row as well', () => {
  assert.deepEqual(logIdsOf(row), [1, 2, 3])
  assert.deepEqual(cursorIdsOf(row), [11, 12, 13])
})

test('a log that takes the place of another one numbers messages in another sequence', () => {
  const places = [1, 2, 3].map((logId) => ({ logId, cursorId: logId + 20 }))
  assert.deepEqual(withPlaces(row, places).topic?.transit, [
    { number: 1, logId: 3, cursorId: 23, sequence: 's' },
  ])
  places[2] = { logId: 9, cursorId: 29 }
  const { topic } = withPlaces(row, places)
  assert.deepEqual(
    [topic?.logIds, topic?.cursorIds],
    [
      [1, 2],
      [21, 22],
    ],
  )
  const [lane] = topic?.transit ?? []
  assert.deepEqual([lane?.logId, lane?.cursorId], [9, 29])
  assert.notEqual(lane?.sequence, 's')
})
