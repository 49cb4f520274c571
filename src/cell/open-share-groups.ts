// The share groups of a cell. As consumer groups they are there whether a Kafka port is open or not: what they
// have not read stays until retention passes it, and their places go with their topics.
import { type Broker, defaultVHost } from '../broker/broker.ts'
import { DeadLetterer } from '../broker/dead-letterer.ts'
import { offsetAt } from '../broker/find-source-start.ts'
import type { GroupCoordinator } from '../broker/group/group-coordinator.ts'
import { openShareDeadLetters } from '../broker/share/share-dead-letters.ts'
import { ShareGroups } from '../broker/share/share-groups.ts'
import { spreadShareParts } from '../broker/share/share-parts.ts'
import type { Logger } from '../lib/logger.ts'

const idSize = 12

/** Share groups over the topics of the default virtual host, from the log's keyed state at the start. */
export function openShareGroups(
  broker: Broker,
  groups: GroupCoordinator,
  state: ReadonlyMap<string, Buffer>,
  logger: Logger,
): ShareGroups {
  const vhost = broker.getVHost(defaultVHost)
  const topics = broker.topicsOf(vhost)
  const getVHost = broker.getVHost.bind(broker)
  const { store, clock, watch, counters, turn, shortage, ownSettings } = broker
  const deadLetterer = new DeadLetterer({ store, clock, watch, counters, getVHost })
  const dying = {
    store,
    turn,
    clock,
    shortage,
    topics,
    ownSettings,
    deadLetterer,
    vhost: vhost.name,
    partitionCount: 1,
    routesVersion: () => vhost.version,
    counters: () => shareGroups.counters,
    onLost: (group: string, reason: string) => {
      logger.warn({ group }, `Dead records of a share group are lost: ${reason}`)
    },
  }
  const shareGroups: ShareGroups = new ShareGroups({
    isPart: !broker.vhostNames.includes(vhost.name),
    newId: () => broker.random.bytes(idSize).toString('base64url'),
    openBurials: (shares, rows) => new spreadShareParts.value.ShareBurials(dying, shares, rows),
    store,
    clock,
    topics,
    ownSettings,
    settings: broker.settings,
    slices: broker.slices,
    admission: broker.admission,
    isTaken: (groupId) => groups.describe(groupId) !== undefined,
    offsetAt: (topic, index, time) => offsetAt(broker, { topic, index, time }),
    deadRecords: (place) => openShareDeadLetters(place, dying),
  })
  shareGroups.restore(state)
  shareGroups.start()
  broker.deletionListeners.push((queue) => {
    if (queue.kind === 'topic' && queue.vhost === vhost.name) shareGroups.onTopicDeleted(queue)
  })
  return shareGroups
}
