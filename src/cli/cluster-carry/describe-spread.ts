// What people are told of topics whose partitions are in several of the folders that an export makes.
import type { CarriedTopic } from '../../cluster/carried-topics.ts'
import { counted } from '../check-data-folder.ts'

/** So many topics are named, and of each so many partitions. */
const namedMax = 10

export function describeSpread(topics: readonly CarriedTopic[]): string[] {
  const [first] = topics
  if (first === undefined) return []
  const lines = topics.slice(0, namedMax).map(({ name, numbers }) => {
    if (numbers.length === 0) return `  ${name}: none of its partitions`
    const shown = numbers.slice(0, namedMax).join(', ')
    const more = numbers.length > namedMax ? ` and ${numbers.length - namedMax} more` : ''
    return `  ${name}: ${numbers.length === 1 ? 'partition' : 'partitions'} ${shown}${more}`
  })
  const isOne = topics.length === 1
  const what = `${counted(topics.length, 'topic is', 'topics are')} spread over cells`
  const transit = topics.some(({ transitLogs }) => transitLogs.length > 0)
  return [
    `${what}: this folder has only records of the partitions that its cell led, under the same numbers; the others are in the folders of other cells`,
    ...lines,
    ...(topics.length > namedMax ? [`  … and ${topics.length - namedMax} more topics`] : []),
    ...(transit
      ? [
          `What was published to ${isOne ? 'it' : 'them'} by AMQP, MQTT, STOMP or HTTP and had not reached its partition is kept in the folder: see its log after the second start`,
        ]
      : []),
  ]
}
