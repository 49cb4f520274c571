// How many groups there are, by protocol and state, under the names that Kafka's group-coordinator-metrics have
// behind the JMX exporter.
import type { Family, Sample } from './family.ts'
import { labelsOf } from './labels.ts'
import type { MetricsSource } from './metrics-source.ts'

type Protocol = 'classic' | 'consumer' | 'share'

/** Spelled as Kafka does, also where no group is in one. */
const states: Readonly<Record<Protocol, readonly string[]>> = {
  classic: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'],
  consumer: ['Empty', 'Assigning', 'Reconciling', 'Stable', 'Dead'],
  share: ['Empty', 'Stable', 'Dead'],
}
const protocols = Object.keys(states) as readonly Protocol[]
const prefix = 'kafka_server_group_coordinator_metrics'

export function groupCountFamilies(source: MetricsSource): Family[] {
  return [
    {
      name: `${prefix}_group_count`,
      type: 'gauge',
      help: 'Groups by their protocol',
      *samples(): Generator<Sample> {
        const counts = countGroups(source)
        for (const protocol of protocols) {
          let value = 0
          for (const count of counts[protocol].values()) value += count
          yield { labels: labelsOf({ protocol }), value }
        }
      },
    },
    ...protocols.map((protocol) => ofProtocol(source, protocol)),
  ]
}

function ofProtocol(source: MetricsSource, protocol: Protocol): Family {
  return {
    name: `${prefix}_${protocol}_group_count`,
    type: 'gauge',
    help: `Groups of the ${protocol} protocol by their state`,
    *samples(): Generator<Sample> {
      for (const [state, value] of countGroups(source)[protocol]) {
        yield { labels: labelsOf({ state }), value }
      }
    },
  }
}

type Counts = Readonly<Record<Protocol, Map<string, number>>>

function countGroups({ groups, shareGroups }: MetricsSource): Counts {
  const none = (protocol: Protocol): Map<string, number> =>
    new Map(states[protocol].map((state) => [state, 0]))
  const counts = { classic: none('classic'), consumer: none('consumer'), share: none('share') }
  const add = (protocol: Protocol, state: string): void => {
    counts[protocol].set(state, (counts[protocol].get(state) ?? 0) + 1)
  }
  for (const { type, state } of groups.list({ states: [], types: [] })) add(type, state)
  for (const { state } of shareGroups.list()) add('share', state)
  return counts
}
