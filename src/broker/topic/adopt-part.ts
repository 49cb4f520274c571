// A topic that was spread over the cells of a cluster, or a part of one, in a folder that was a cell and belongs to a
// broker alone: it becomes a topic with the same numbers of partitions. Those that other cells led are empty; their
// records are in the folders of those cells.
import type { Topic } from './topic.ts'
import type { Topics } from './topics.ts'

/** Doing it twice is doing it once. */
export function adoptPart(topics: Topics, topic: Topic): void {
  if (topic.numbers !== undefined) fillGaps(topics, topic, topic.numbers)
  topics.configure(topic, topic.config.overrides)
}

function fillGaps(topics: Topics, topic: Topic, numbers: readonly number[]): void {
  const { name, topicId, spread, partitions, config } = topic
  const count = Math.max(...numbers) + 1
  const known = new Set(numbers)
  const missing = Array.from({ length: count }, (_, number) => number).filter(
    (number) => !known.has(number),
  )
  const all = [...numbers, ...missing]
  const configs = config.overrides
  if (missing.length > 0) topics.changePart(topic, { name, topicId, spread, numbers: all, configs })
  const inOrder = all
    .map((number, at) => ({ number, partition: partitions[at]! }))
    .toSorted((one, other) => one.number - other.number)
    .map(({ partition }) => partition)
  partitions.splice(0, partitions.length, ...inOrder)
  topic.numbers = undefined
}
