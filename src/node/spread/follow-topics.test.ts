// The home of spread topics and a cell that follows it, without links: whatever becomes of a topic, the cell has its part
// of it, and the home knows what the cell leads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { Broker, defaultVHost } from '../../broker/broker.ts'
import { cellOfPartition } from '../../broker/topic/cell-of-partition.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { CallError } from '../calls/call-error.ts'
import { TopicBoard } from './topic-board.ts'
import { TopicFollower } from './topic-follower.ts'

const cells = 3
const own = 1

class HomeAndCell implements AsyncDisposable {
  readonly home: Topics = topicsOf(0)
  readonly parts: Topics = topicsOf(own)
  board: TopicBoard = this.openBoard(1)
  isReached = true
  follower: TopicFollower = this.openFollower(1)

  openBoard(epoch: number): TopicBoard {
    return new TopicBoard({
      topics: this.home,
      epoch,
      clock: systemClock,
      servedCells: () => [own],
    })
  }

  openFollower(epoch: number): TopicFollower {
    return new TopicFollower({
      cell: own,
      epoch,
      topics: this.parts,
      ask: (args, signal) => {
        if (!this.isReached) throw new CallError('unreachable', 'it is away')
        return this.board.follow(structuredClone(args), signal)
      },
      sizeOf: () => 0,
      onDeleting: () => undefined,
      clock: systemClock,
      logger: silentLogger,
    })
  }

  create(name: string, partitionCount = 6, configs = {}): Topic {
    return this.home.create({ name, partitionCount, configs, isProvisional: false, spread: cells })
      .topic
  }

  partOf({ name }: Topic): Topic | undefined {
    return this.parts.find(name)?.topic
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.board[Symbol.dispose]()
    await this.follower[Symbol.asyncDispose]()
  }
}

function topicsOf(cellNumber: number): Topics {
  const turn = new Turn(systemClock)
  const store = new MemoryLogStore({ clock: systemClock, turn })
  const shared = { clock: systemClock, random: systemRandom, turn, store, cellNumber }
  const broker = new Broker({ ...shared, vhosts: [], onDamaged: () => undefined })
  return broker.topicsOf(broker.getVHost(defaultVHost))
}

function numbersIn({ topicId }: Topic, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => cellOfPartition(topicId, index, cells) === own,
  )
}

test('a cell has its part of what is made, grows, is set anew and goes', async () => {
  await using both = new HomeAndCell()
  const topic = both.create('orders', 6, { 'retention.ms': '1000' })
  await both.board.whenFollowed()
  const part = both.partOf(topic)!
  assert.equal(part.topicId, topic.topicId)
  assert.deepEqual(part.numbers, numbersIn(topic, 6))
  assert.equal(part.config.get('retention.ms'), '1000')
  both.home.grow(topic, 10)
  both.home.configure(topic, { 'retention.ms': '2000' })
  await both.board.whenFollowed()
  assert.deepEqual(part.numbers, numbersIn(topic, 10))
  assert.equal(part.partitions.length, part.numbers?.length)
  assert.equal(part.config.get('retention.ms'), '2000')
  both.home.delete(topic)
  await both.board.whenFollowed()
  assert.equal(both.partOf(topic), undefined)
})

test('each partition is led in one cell', async () => {
  await using both = new HomeAndCell()
  const topic = both.create('orders', 9)
  await both.board.whenFollowed()
  for (let index = 0; index < 9; index++) {
    const cell = cellOfPartition(topic.topicId, index, cells)
    assert.equal(topic.led(index) !== undefined, cell === 0, `partition ${index} at home`)
    assert.equal(both.partOf(topic)?.led(index) !== undefined, cell === own)
    assert.equal(topic.cellElsewhere(index), cell === 0 ? undefined : cell)
  }
  assert.equal(both.partOf(topic)?.led(9), undefined)
})

test('the home knows where partitions end that the cell leads', async () => {
  await using both = new HomeAndCell()
  const topic = both.create('orders')
  await both.board.whenFollowed()
  const [number = -1] = numbersIn(topic, 6)
  const partition = both.partOf(topic)?.led(number)
  partition?.store.beginAtom()
  partition?.log.appendBatch(plainBatch({ recordCount: 3 }))
  partition?.store.endAtom()
  // The next change takes the ends along.
  await waitFor('it is durable', () => partition?.highWatermark === 3)
  both.create('more')
  await both.board.whenFollowed()
  both.create('and-more')
  await waitFor('it is told', () => topic.partitions[number]?.remote?.facts.endOffset === 3)
  assert.equal(topic.messageCount, 3)
})

test('a topic that was made anew while the cell was away is another one', async () => {
  await using both = new HomeAndCell()
  const first = both.create('orders')
  await both.board.whenFollowed()
  const before = both.partOf(first)
  both.isReached = false
  await both.follower[Symbol.asyncDispose]()
  both.home.delete(first)
  const second = both.create('orders')
  assert.equal(
    both.board.isFollowed({ cell: own, epoch: 1 }, second.topicId),
    false,
    'its leader knows the first one',
  )
  assert.equal(both.partOf(second), before)
  both.isReached = true
  both.follower = both.openFollower(2)
  await waitFor('it is followed', () =>
    both.board.isFollowed({ cell: own, epoch: 1 }, second.topicId),
  )
  assert.equal(both.partOf(second)?.topicId, second.topicId)
})

test('another owner of the home is told all, and what it does not keep goes', async () => {
  await using both = new HomeAndCell()
  const [kept, gone] = [both.create('kept'), both.create('gone')]
  await both.board.whenFollowed()
  both.board[Symbol.dispose]()
  // Nobody is told of that.
  both.home.delete(gone)
  both.board = both.openBoard(2)
  assert.equal(both.board.isFollowed({ cell: own, epoch: 1 }, kept.topicId), false)
  await waitFor('it is followed', () =>
    both.board.isFollowed({ cell: own, epoch: 1 }, kept.topicId),
  )
  assert.notEqual(both.partOf(kept), undefined)
  assert.equal(both.partOf(gone), undefined)
})

test('an older owner of a cell does not say what has been followed', async () => {
  await using both = new HomeAndCell()
  await both.board.whenFollowed()
  await both.follower[Symbol.asyncDispose]()
  const signal = AbortSignal.abort()
  const args = { cell: own, homeEpoch: 1, ends: [] }
  await both.board.follow({ ...args, epoch: 5, since: -1 }, signal)
  await both.board.follow({ ...args, epoch: 4, since: 0 }, signal)
  assert.equal(both.board.isFollowed({ cell: own, epoch: 5 }, 'x'), false)
})

test('who follows does not wake others who do', async () => {
  await using both = new HomeAndCell()
  await both.board.whenFollowed()
  const waiting = new AbortController()
  let hasAnswered = false
  const other = { cell: 2, epoch: 1, homeEpoch: 1, since: 0, ends: [] }
  void both.board.follow(other, waiting.signal).then(() => (hasAnswered = true))
  await both.board.follow({ ...other, cell: 3 }, AbortSignal.abort())
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(hasAnswered, false)
  both.create('orders')
  await waitFor('it is told', () => hasAnswered)
})
