// Topics below $SYS, which show what the broker does: to administrators and to users who watch it. They are in no
// exchange and in no queue; a subscription gets them at once, as if they were retained, and each time they are made.
import { matchesTopic, systemStart } from '../../broker/session/topic-filter.ts'
import type { OpenPeer } from './open-peer.ts'

const mayLook: ReadonlySet<string> = new Set(['administrator', 'monitoring'])

export function maySeeSystem({ principal }: OpenPeer): boolean {
  return principal?.tags.some((tag) => mayLook.has(tag)) === true
}

/** What a new subscription is shown. */
export function sendSystemValues({ context, delivery }: OpenPeer, filter: string): void {
  for (const { topic, value } of context.system.current()) {
    if (matchesTopic(filter, topic))
      delivery.sendValue(Buffer.from(topic), Buffer.from(value), true)
  }
}

/** What all subscriptions of a client are shown of values that are new. */
export function publishSystemValues(peer: OpenPeer): void {
  const { context, place, delivery } = peer
  const filters = [...place.session.subscriptions].filter(
    ({ filter, share }) => share === undefined && filter.startsWith(systemStart),
  )
  // Its user may have had a tag when it subscribed.
  if (filters.length === 0 || !maySeeSystem(peer)) return
  for (const { topic, value } of context.system.current()) {
    if (!filters.some(({ filter }) => matchesTopic(filter, topic))) continue
    delivery.sendValue(Buffer.from(topic), Buffer.from(value), false)
  }
}
