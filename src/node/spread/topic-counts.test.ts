import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueCounters } from '../../broker/counters/queue-counters.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import type { CountsArgs } from '../calls/calls.ts'
import { CountsTeller, TopicCounts } from './topic-counts.ts'

/** Topics of which there is one, `t`. */
function topicsWith(counters: QueueCounters, numbers?: readonly number[]): Topics {
  const topic = { topicId: 't', counters, numbers }
  const view = { topic } as unknown as TopicView
  const topics: Pick<Topics, 'seen' | 'findById'> = {
    *seen() {
      yield view
    },
    findById: () => view,
  }
  return topics as Topics
}

test('what a cell counts for its part counts for the topic once, also for a home that is new', async () => {
  const clock = new VirtualClock()
  const part = new QueueCounters()
  let atHome = new QueueCounters()
  let home = new TopicCounts(topicsWith(atHome))
  let isLost = false
  const tell = async (args: CountsArgs): Promise<void> => {
    home.note(structuredClone(args))
    if (isLost) throw new Error('the answer was lost')
  }
  using _teller = new CountsTeller({
    cell: 1,
    epoch: 1,
    topics: topicsWith(part, [1]),
    clock,
    tell,
  })
  const pass = async (): Promise<void> => {
    clock.advance(clusterHttpLimits.countsTellMs)
    await new Promise(setImmediate)
  }
  part.onProduced(5)
  await pass()
  assert.deepEqual([atHome.published, atHome.produced], [5, 5])
  isLost = true
  part.onProduced(2)
  await pass()
  isLost = false
  part.fetched += 3
  await pass()
  assert.deepEqual([atHome.published, atHome.fetched], [7, 3])
  atHome = new QueueCounters()
  home = new TopicCounts(topicsWith(atHome))
  part.onProduced(1)
  await pass()
  assert.deepEqual([atHome.published, atHome.fetched], [1, 0])
  // A new owner of the cell has counted nothing yet; the one before comes too late.
  const counts = { published: 4, produced: 4, fetched: 0, acked: 0 }
  const before = { published: 0, produced: 0, fetched: 0, acked: 0 }
  home.note({ cell: 1, epoch: 2, topics: [{ topicId: 't', counts, before }] })
  home.note({ cell: 1, epoch: 1, topics: [{ topicId: 't', counts, before }] })
  assert.equal(atHome.published, 5)
})
