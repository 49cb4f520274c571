// Where a new queue begins in a source that has changed since that was looked up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, cursorOf } from '../../test/support/log-engines.ts'
import { messageOf } from '../../test/support/queue-under-test.ts'
import { systemClock } from '../lib/clock.ts'
import { Turn } from '../lib/turn.ts'
import { MemoryLogStore } from '../log/memory/memory-log-store.ts'
import { table } from '../record/message/field-table.ts'
import { openSource } from './open-source.ts'
import { Partition } from './topic/partition.ts'
import { TopicDefaults } from './topic/topic-defaults.ts'
import { Topic } from './topic/topic.ts'

const store = new MemoryLogStore({ clock: systemClock, turn: new Turn(systemClock) })
const settings = { hasAny: false, get: () => undefined }
const args = table({ 'x-source': 't', 'x-source-offset': '1h' })

/** A topic with so many partitions of five records. */
function topicOf(count: number): Topic {
  const defaults = new TopicDefaults(settings)
  const fixed = {
    vhost: '/',
    name: 't',
    topicId: 'id',
    isProvisional: false,
    configs: {},
    defaults,
  }
  const topic = new Topic(fixed)
  while (topic.partitions.length < count) {
    store.beginAtom()
    const log = createLogWithCursor(store)
    for (let number = 0; number < 5; number++) log.append(messageOf(`${number}`), -1)
    store.endAtom()
    const context = { store, clock: systemClock, ownSettings: settings }
    const owner = { config: () => topic.config, onAppended: () => undefined, showsAborted: true }
    topic.partitions.push(new Partition(cursorOf(log), context, owner))
  }
  return topic
}

function floors(topic: Topic, offsets: readonly number[]): number[] {
  store.beginAtom()
  const { cursors } = openSource(store, topic, { args, found: { topic, offsets } })
  store.endAtom()
  return cursors.map(({ floor }) => floor)
}

test('a partition that has come meanwhile is read from its beginning', () => {
  assert.deepEqual(floors(topicOf(2), [3]), [3, 0])
})

test('what retention has passed meanwhile is not waited for', () => {
  const topic = topicOf(1)
  store.beginAtom()
  topic.partitions[0]!.cursor.ackRange(0, 3)
  store.endAtom()
  assert.deepEqual(floors(topic, [2]), [4])
})

test('what was found of another topic does not count', () => {
  const [topic, other] = [topicOf(1), topicOf(1)]
  store.beginAtom()
  const open = (): unknown =>
    openSource(store, topic, { args, found: { topic: other, offsets: [0] } })
  assert.throws(open, /x-source-offset of queue 't' in vhost '\/' is unknown/)
  store.endAtom()
})
