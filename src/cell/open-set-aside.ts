// What sets records aside that consumer groups of a cell cannot process.
import type { Broker } from '../broker/broker.ts'
import { DeadLetterer } from '../broker/dead-letterer.ts'
import type { Destination } from '../broker/destination.ts'
import type { GroupCoordinator } from '../broker/group/group-coordinator.ts'
import { SetAside } from '../broker/set-aside.ts'
import type { VHost } from '../broker/vhost.ts'
import type { Logger } from '../lib/logger.ts'

export function openSetAside(
  broker: Broker,
  { groups, vhost }: { readonly groups: GroupCoordinator; readonly vhost: VHost<Destination> },
  logger: Logger | undefined,
): SetAside {
  const { store, clock, settings, watch, counters } = broker
  const getVHost = (name: string): VHost<Destination> => broker.getVHost(name)
  return new SetAside({
    store,
    clock,
    settings,
    groups,
    vhost,
    leaders: () => broker.leaders,
    deadLetterer: new DeadLetterer({ store, clock, watch, counters, getVHost }),
    onSetAside: ({ groupId, topic, partition, offset, to }) =>
      logger?.info(
        { group: groupId, topic, partition, offset, to },
        'a record that a group cannot process was set aside',
      ),
    onFailed: (groupId, reason) =>
      logger?.warn(`group '${groupId}' stays where it is: a record cannot be set aside: ${reason}`),
  })
}
