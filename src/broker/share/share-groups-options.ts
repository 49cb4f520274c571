// What share groups are made with.
import type { Clock } from '../../lib/clock.ts'
import type { Slices } from '../../lib/slices.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Admission } from '../admission.ts'
import type { Topic } from '../topic/topic.ts'
import type { Topics } from '../topic/topics.ts'
import type { DeadRecords } from './dead-records.ts'
import type { DyingPlace } from './dying-place.ts'
import type { ShareBurials } from './share-burials.ts'
import type { BuriedRow } from './share-death-rows.ts'
import type { ShareGroup } from './share-group.ts'
import type { ShareSettingsContext } from './share-settings.ts'

export interface ShareGroupsOptions extends ShareSettingsContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly slices: Slices
  readonly topics: Topics
  readonly admission: Admission
  /** A group of another kind has this name. */
  readonly isTaken: (groupId: string) => boolean
  /** Of the first record of a partition that is as late; where the next one will be when there is none. */
  readonly offsetAt: (topic: Topic, partition: number, time: number) => Promise<number>
  /** Where the dead records go that a group has in a partition; undefined: nowhere. */
  readonly deadRecords: (place: DyingPlace) => DeadRecords | undefined
  /** Another cell has the groups. */
  readonly isPart: boolean
  readonly newId: () => string
  /** For dead records that other cells send. */
  readonly openBurials: (
    groups: ReadonlyMap<string, ShareGroup>,
    rows: ReadonlyMap<string, BuriedRow>,
  ) => ShareBurials
}
