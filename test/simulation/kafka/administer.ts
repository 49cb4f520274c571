// What Kafka's administrators do: topics come, grow, are cut and go.
import { type KafkaLife, pickTopic } from './kafka-protocol.ts'
import { describeTopic, TopicActions } from './topic-actions.ts'

const partitionsMax = 4

export async function administer(life: KafkaLife): Promise<void> {
  const { draw, world } = life
  const actions = new TopicActions(life)
  for (let left = draw.between(3, 25); left > 0 && !world.isWindingDown; left--) {
    const topic = pickTopic(life)
    const isTopic = topic?.kind.type === 'stream' && topic.partitionCount > 0
    const action = isTopic
      ? draw.weighted({ create: 3, describe: 2, grow: 0.7, cut: 1, delete: 0.4 })
      : 'create'
    if (topic === undefined || action === 'create') {
      const name = `topic-${draw.between(0, world.plan.topicCount - 1)}`
      await actions.create(name, draw.between(1, 3))
    } else if (action === 'describe') await describeTopic(life.connection, topic)
    else if (action === 'grow') {
      // Who declares a stream says how many partitions it has.
      const mayGrow = topic.partitionCount < partitionsMax && topic.name.startsWith('topic-')
      if (mayGrow) await actions.grow(topic)
    } else if (action === 'cut') {
      const partition = draw.between(0, topic.partitionCount - 1)
      const { end } = topic.logOf(partition)
      await actions.cut(topic, partition, draw.between(0, end))
    } else if (action === 'delete') await actions.delete(topic)
    await life.step()
  }
}
