// Sessions of MQTT, what waits for them, and what is retained.
import { counter, type Family, gauge } from './family.ts'
import { labelsOf } from './labels.ts'
import type { MetricsSource } from './metrics-source.ts'
import type { Snapshot } from './snapshot.ts'

export function mqttFamilies({ mqtt }: MetricsSource, { sessionSums }: Snapshot): Family[] {
  const { sessions } = mqtt
  const retained = { count: 0, size: 0 }
  let groups = 0
  for (const each of sessions ?? []) {
    retained.count += each.retained.count
    retained.size += each.retained.size
    groups += each.groups.size
  }
  const { budget, counters } = sessions ?? {}
  return [
    {
      name: 'pabal_mqtt_sessions',
      type: 'gauge',
      help: 'Sessions of MQTT clients: connected, or away and waiting for their clients',
      *samples() {
        yield { labels: labelsOf({ state: 'connected' }), value: sessionSums.connected }
        yield { labels: labelsOf({ state: 'away' }), value: sessionSums.away }
      },
    },
    gauge('pabal_mqtt_subscriptions', 'Subscriptions of all sessions', budget?.subscriptions ?? 0),
    gauge(
      'pabal_mqtt_shared_groups',
      'Groups of sessions that share the messages of a filter',
      groups,
    ),
    gauge(
      'pabal_mqtt_session_backlog_messages',
      'Messages that wait to be sent to sessions',
      sessionSums.backlog,
    ),
    gauge(
      'pabal_mqtt_session_backlog_largest',
      'Messages that wait to be sent to the session that has the most',
      sessionSums.largestBacklog,
    ),
    gauge(
      'pabal_mqtt_inflight_messages',
      'Messages of QoS 1 and 2 that clients were sent and have not answered to the end',
      sessionSums.inFlight,
    ),
    gauge('pabal_mqtt_wills', 'Sessions that have a will', sessionSums.wills),
    gauge('pabal_mqtt_retained_messages', 'Retained messages', retained.count),
    gauge('pabal_mqtt_retained_bytes', 'Bytes of the payloads of retained messages', retained.size),
    counter(
      'pabal_mqtt_dropped_messages_total',
      'Messages of QoS 0 that a connection had no room for',
      counters?.droppedQos0 ?? 0,
    ),
    counter(
      'pabal_mqtt_sessions_expired_total',
      'Sessions that ended because their clients did not come back in time',
      budget?.expired ?? 0,
    ),
  ]
}
