import type { Topic } from '../topic/topic.ts'
import type { SharePartition } from './share-partition.ts'
import type { ShareSettings } from './share-settings.ts'

/** A partition of a group in which records die. */
export interface DyingPlace {
  readonly groupId: string
  readonly topic: Topic
  /** Its number. */
  readonly partition: number
  readonly share: SharePartition
  readonly settings: () => ShareSettings
}
