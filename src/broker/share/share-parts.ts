// What share groups are made of, loaded for the first of them: most brokers have none (docs/decisions/0040).
import { Late } from '../../lib/late.ts'
import type { LedPlaces } from './led-places.ts'
import type { ShareBurials } from './share-burials.ts'
import type { ShareDeadElsewhere } from './share-dead-elsewhere.ts'
import type { ShareGroup } from './share-group.ts'
import type { admitMember } from './share-heartbeat.ts'
import type { SharePartition } from './share-partition.ts'
import type { ShareTopic } from './share-topic.ts'
import type { SpreadPlaces } from './spread-places.ts'

interface ShareParts {
  readonly ShareGroup: typeof ShareGroup
  readonly SharePartition: typeof SharePartition
  readonly ShareTopic: typeof ShareTopic
  readonly admitMember: typeof admitMember
}

/** What the cells of a cluster need of one another. */
interface SpreadShareParts {
  readonly LedPlaces: typeof LedPlaces
  readonly SpreadPlaces: typeof SpreadPlaces
  readonly ShareBurials: typeof ShareBurials
  readonly ShareDeadElsewhere: typeof ShareDeadElsewhere
}

export const shareParts: Late<ShareParts> = new Late(async () => ({
  ...(await import('./share-group.ts')),
  ...(await import('./share-partition.ts')),
  ...(await import('./share-topic.ts')),
  ...(await import('./share-heartbeat.ts')),
}))

export const spreadShareParts: Late<SpreadShareParts> = new Late(async () => ({
  ...(await import('./led-places.ts')),
  ...(await import('./spread-places.ts')),
  ...(await import('./share-burials.ts')),
  ...(await import('./share-dead-elsewhere.ts')),
}))
