import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cellOfPartition } from '../broker/topic/cell-of-partition.ts'
import { describeSpread } from '../cli/cluster-carry/describe-spread.ts'
import type { TopologyEntry } from '../log/commit.ts'
import { encodeTopologyChanges, type TopicRow } from '../meta/topology-change.ts'
import { FieldTable } from '../record/message/field-table.ts'
import { carriedTopics, checkCarriedTopics } from './carried-topics.ts'

const topicId = 'AAAAAAAAAAAAAAAAAAAAAA'
const spread = 4

function entriesWith(topic: Partial<TopicRow>): TopologyEntry[] {
  const row = {
    vhost: '/',
    name: 't',
    type: 'stream',
    logId: 1,
    cursorId: 2,
    autoDelete: false,
    arguments: new FieldTable([]),
    topic: {
      topicId,
      logIds: [1, 3, 5, 7, 9],
      cursorIds: [2, 4, 6, 8, 10],
      configs: {},
      isProvisional: false,
      ...topic,
    },
  } as const
  return [{ sequence: 1, bytes: encodeTopologyChanges([{ kind: 'queue', op: 'put', row }]) }]
}

const part = { spread, numbers: [1, 5], logIds: [1, 3], cursorIds: [2, 4] }

test('an export tells which partitions are in which folder', () => {
  const [home] = carriedTopics(entriesWith({ spread }), 0)
  const own = [0, 1, 2, 3, 4].filter((index) => cellOfPartition(topicId, index, spread) === 0)
  assert.deepEqual(home?.numbers, own)
  const [other] = carriedTopics(entriesWith(part), 1)
  assert.deepEqual([other?.numbers, other?.isHome], [[1, 5], false])
  const lines = describeSpread([other!])
  assert.match(lines[0]!, /^1 topic is spread over cells: this folder has only records of/)
  assert.equal(lines[1], '  t: partitions 1, 5')
  assert.deepEqual(describeSpread(carriedTopics(entriesWith({}), 0)), [])
})

test('a folder with partitions of a spread topic becomes the cell that leads them', () => {
  const cell = cellOfPartition(topicId, 1, spread)
  checkCarriedTopics(entriesWith(part), { cell, cellCount: spread })
  checkCarriedTopics(entriesWith({}), { cell: 0, cellCount: 1 })
  assert.throws(
    () => checkCarriedTopics(entriesWith(part), { cell: cell + 1, cellCount: spread }),
    /partitions of topic 't' that cell \d leads: name that one with --cell/,
  )
  assert.throws(
    () => checkCarriedTopics(entriesWith({ spread }), { cell: 0, cellCount: 3 }),
    /spread over 4 cells, and the cluster has 3: make one with --cluster-cells 4/,
  )
})
