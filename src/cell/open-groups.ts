// The consumer groups of a cell. They are there whether a Kafka port is open or not: an offset dies
// with its topic or queue, whoever deletes it.
import type { Broker } from '../broker/broker.ts'
import type { Destination } from '../broker/destination.ts'
import type { GroupTopic, GroupTopics } from '../broker/group/consumer/group-topics.ts'
import type { GroupConfig } from '../broker/group/group-config.ts'
import { GroupCoordinator } from '../broker/group/group-coordinator.ts'
import { groupRowsOf, LogGroupStore } from '../broker/group/log-group-store.ts'
import type { TopicView } from '../broker/topic/topic-view.ts'
import type { Topics } from '../broker/topic/topics.ts'
import type { VHost } from '../broker/vhost.ts'

/** Groups over the topics of `vhost`, from the log's keyed state at the start. */
export function openGroups(
  broker: Broker,
  vhost: VHost<Destination>,
  state: ReadonlyMap<string, Buffer>,
  config: Partial<GroupConfig> = {},
): GroupCoordinator {
  const topics = broker.topicsOf(vhost)
  const groups = new GroupCoordinator({
    config,
    clock: broker.clock,
    random: broker.random,
    admission: broker.admission,
    store: new LogGroupStore(broker.store),
    events: {
      onCommitted: (groupId, { topic, partition }, offset) =>
        broker.watch.observer?.onCommitted(vhost.name, groupId, { topic, partition, offset }),
    },
    topics: groupTopicsOf(topics),
    slices: broker.slices,
    settingsOf: (groupId) => broker.settings.get('group', groupId),
  })
  groups.restore(groupRowsOf(state))
  groups.start()
  // Its offsets go first: no group may find them under a new topic of the same name. Queues that end
  // with a connection or the process have none.
  broker.deletionListeners.push((queue) => {
    if (queue.vhost === vhost.name && queue.isDurable) groups.deleteTopic(queue.name)
  })
  return groups
}

function groupTopicsOf(topics: Topics): GroupTopics {
  return {
    get version() {
      return topics.version
    },
    find: (name) => groupTopicOf(topics.find(name)),
    findById: (topicId) => groupTopicOf(topics.findById(topicId)),
    names: () => topics.names(),
  }
}

function groupTopicOf(view: TopicView | undefined): GroupTopic | undefined {
  if (view === undefined) return undefined
  const { name, topicId, partitions } = view
  return { name, topicId, partitionCount: partitions.length }
}
