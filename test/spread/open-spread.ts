// Two cells and a topic `t` of two partitions, of which the other cell leads one.
import assert from 'node:assert/strict'
import { Queue } from '../../src/broker/queue/queue.ts'
import { partitionOfKey } from '../../src/broker/topic/murmur2.ts'
import type { Partition } from '../../src/broker/topic/partition.ts'
import type { Topic } from '../../src/broker/topic/topic.ts'
import { whenDurable } from '../../src/broker/when-durable.ts'
import type { FieldTable } from '../../src/record/message/field-table.ts'
import { SpreadWorld } from './spread-world.ts'

export interface OpenedSpread extends Disposable {
  readonly world: SpreadWorld
  readonly topic: Topic
  /** Of the partition that the other cell leads. */
  readonly number: number
  readonly leader: () => Partition
  /** Of messages for that partition. */
  readonly key: string
  /** At home. */
  readonly declare: (name: string, args: FieldTable) => Promise<Queue>
}

export async function openSpread(): Promise<OpenedSpread> {
  const world = new SpreadWorld(1)
  const topic = await world.open(2)
  const number = topic.partitions.findIndex(({ remote }) => remote !== undefined)
  return {
    world,
    topic,
    number,
    leader: () => world.cell(1).topic().led(number) as Partition,
    key: keyFor(topic, number),
    declare: (name, args) => world.pump(declare(world, name, args)),
    [Symbol.dispose]: () => world.end(),
  }
}

export function countOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`)
}

function keyFor({ partitions }: Topic, number: number): string {
  const keys = countOf(1000)
  return keys.find((key) => partitionOfKey(Buffer.from(key), partitions.length) === number)!
}

async function declare({ home }: SpreadWorld, name: string, args: FieldTable): Promise<Queue> {
  const vhost = home.broker.getVHost('/')
  const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
  const asked = { ...rest, name, arguments: args }
  const sourceStart = await home.broker.findSourceStart(vhost, asked)
  const { queue, ticket } = home.broker.declareQueue(vhost, { ...asked, sourceStart })
  await whenDurable(ticket)
  assert.ok(queue instanceof Queue)
  return queue
}
