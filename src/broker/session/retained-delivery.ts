// Sends retained messages to a session for its new subscriptions [MQTT-3.3.1-6 to -8]: those of QoS 1 and 2 go through its
// queue, a few at a time, those of QoS 0 past it.
import type { Clock } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import { publishQosOf } from '../../record/message/published-topic.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { factsOf, type OwnSubscription, retainedStart } from './own-subscriptions.ts'
import type { RetainedMessages } from './retained-messages.ts'
import type { Session } from './session.ts'
import { sourceWithExchange } from './shared-group.ts'

const nameSizeMax = 255

export interface RetainedSource {
  readonly retained: RetainedMessages
  readonly store: LogStore
  readonly clock: Clock
}

/** Waits while the session has no room, and ends when its connection does. */
export function* deliverRetained(
  session: Session,
  subscription: OwnSubscription,
  { retained, store, clock }: RetainedSource,
): Steps<void> {
  const { client } = session
  const isWanted = (): boolean =>
    client !== undefined &&
    session.client === client &&
    session.subscriptions.get(subscription.text) === subscription
  for (const found of retained.search(subscription.filter)) {
    if (found === undefined) {
      if (!isWanted()) return
      yield
      continue
    }
    const [topic] = found
    for (let isOver = false; !isOver;) {
      if (!isWanted()) return
      let isTaken = false
      const result = retained.read(topic, (record) => {
        isTaken = deliver(record, { session, subscription, store, now: clock.now() })
      })
      isOver = isTaken || result === 'gone'
      yield result instanceof Promise ? result : isOver ? undefined : session.whenRoom()
    }
  }
}

interface DeliveryParts {
  readonly session: Session
  readonly subscription: OwnSubscription
  readonly store: LogStore
  readonly now: number
}

/** False when there is no room for it now. */
function deliver(
  record: RecordView,
  { session, subscription, store, now }: DeliveryParts,
): boolean {
  const facts = { ...factsOf([subscription]), isRetained: true }
  if (facts.qos === 0 || publishQosOf(record) === 0) {
    return session.client?.deliverRetained(record, { ...facts, qos: 0 }) ?? false
  }
  const queue = session.openQueue()
  if (queue.readyCount >= sessionLimits.retainedAheadMax) return false
  const exchange = retainedStart + subscription.text
  store.beginAtom()
  const name = Buffer.byteLength(exchange) > nameSizeMax ? retainedStart : exchange
  queue.publish(sourceWithExchange(record, name, now), -1)
  store.endAtom()
  return true
}
