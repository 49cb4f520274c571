// The topics that a consumer group reads, of those that there are.
import { createHash } from 'node:crypto'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import type { GroupTopic } from './group-topics.ts'

/** By name. */
export function subscribedTopicsOf(group: ConsumerGroup): ReadonlyMap<string, GroupTopic> {
  const { topics } = group.context
  const found = new Map<string, GroupTopic>()
  const add = (name: string): void => {
    const topic = found.has(name) ? undefined : topics.find(name)
    if (topic !== undefined) found.set(name, topic)
  }
  for (const name of group.subscribedNames()) add(name)
  for (const name of group.patterns.topics()) add(name)
  return found
}

/** Ids of the topics that one member reads. */
export function topicIdsOf(
  group: ConsumerGroup,
  { wishes }: ConsumerMember,
  subscribed: ReadonlyMap<string, GroupTopic>,
): string[] {
  const ids = new Set<string>()
  for (const names of [wishes.topicNames, group.patterns.topicsOf(wishes.topicPattern)]) {
    for (const name of names) {
      const topic = subscribed.get(name)
      if (topic !== undefined) ids.add(topic.topicId)
    }
  }
  return [...ids]
}

/** Another text when a topic has come, gone, or got more partitions. */
export function hashOfTopics(subscribed: ReadonlyMap<string, GroupTopic>): string {
  if (subscribed.size === 0) return ''
  const hash = createHash('sha256')
  for (const name of [...subscribed.keys()].sort()) {
    const { topicId, partitionCount } = subscribed.get(name)!
    hash.update(`${topicId} ${partitionCount}\n`)
  }
  return hash.digest('base64url').slice(0, 22)
}

/** Looks whether topics have changed, and raises the group's epoch if so, or in any case. */
export function lookAtTopics(group: ConsumerGroup, hasChanged: boolean): void {
  const { topics, clock } = group.context
  const hash = hashOfTopics(subscribedTopicsOf(group))
  group.topicsLook = { version: topics.version, atMs: clock.monotonic() }
  if (!hasChanged && hash === group.topicsHash) return
  group.topicsHash = hash
  group.bumpEpoch()
}
