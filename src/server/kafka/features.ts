// Kafka's features (KIP-584): what levels of each are there, and which level is in force. Clients choose their
// protocols by them, so lowering one has them use an older one: it is kept with the settings.
import type { DynamicSettings } from '../../broker/dynamic-settings.ts'
import { apiNames } from '../../codec/kafka/apis.gen.ts'
import type { Ticket } from '../../log/ticket.ts'

interface Feature {
  readonly name: string
  readonly min: number
  /** In force unless somebody lowered it. */
  readonly max: number
  /** At 0 these are neither advertised nor answered; where they are not served, there is no such feature. */
  readonly apis?: readonly string[]
}

/** As Kafka 4.3 has them. `metadata.version` is what tools show as Kafka's version: 30 is 4.3-IV0. */
const features: readonly Feature[] = [
  { name: 'metadata.version', min: 7, max: 30 },
  // KIP-890: clients raise the epoch with each transaction, and add partitions by writing to them.
  { name: 'transaction.version', min: 0, max: 2 },
  {
    name: 'group.version',
    min: 0,
    max: 1,
    apis: ['consumerGroupHeartbeat', 'consumerGroupDescribe'],
  },
  {
    name: 'share.version',
    min: 0,
    max: 1,
    apis: ['shareGroupHeartbeat', 'shareGroupDescribe', 'shareFetch', 'shareAcknowledge'],
  },
]
const settingName = 'features'
const epochKey = 'epoch'

/** One that is there, at its level. */
export interface FeatureState extends Feature {
  readonly level: number
}

/** All that are there. */
export function featureStates(settings: DynamicSettings): FeatureState[] {
  const served: ReadonlySet<string> = new Set(apiNames.values())
  const levels = settings.get('cluster', settingName)
  return features
    .filter(({ apis = [] }) => apis.every((api) => served.has(api)))
    .map((feature) => ({ ...feature, level: Number(levels[feature.name] ?? feature.max) }))
}

/** Rises with each change. */
export function featuresEpoch(settings: DynamicSettings): number {
  return Number(settings.get('cluster', settingName)[epochKey] ?? 0)
}

const featureOf: ReadonlyMap<string, Feature> = new Map(
  features.flatMap((feature) => (feature.apis ?? []).map((api) => [api, feature])),
)

/** Whether an API is not there because of the level of its feature. */
export function isApiOff(api: string, settings: DynamicSettings): boolean {
  const name = featureOf.get(api)?.name
  return name !== undefined && settings.get('cluster', settingName)[name] === '0'
}

/** Puts levels in force, by name. */
export function setFeatureLevels(
  settings: DynamicSettings,
  levels: ReadonlyMap<string, number>,
): Ticket | undefined {
  const values = { ...settings.get('cluster', settingName) }
  for (const [name, level] of levels) values[name] = String(level)
  values[epochKey] = String(featuresEpoch(settings) + 1)
  return settings.put('cluster', settingName, values)
}
