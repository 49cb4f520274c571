// What share groups say to one another over the cells of a cluster: a group and its members are in its home, and its
// place in a partition is in the cell that leads that. All of it may be said twice.
import type { ShareDeath } from './dead-records.ts'
import type { ShareStart } from './share-settings.ts'

/** A place that a group has in a topic, or had. */
export interface SharePlaceName {
  readonly groupId: string
  /** 22 characters of base64url. */
  readonly topicId: string
  /** No two places that a group has had in a topic have the same. */
  readonly placeId: string
}

/** Where the group is to be in a partition. */
export interface SharePlace {
  readonly partition: number
  readonly offset: number
}

export interface OpenPlaceAsked extends SharePlaceName {
  /** Their numbers, rising. */
  readonly partitions: readonly number[]
  /** Those with a number below it were there when the group came, and it begins in them as `start` says. */
  readonly initialCount: number
  readonly start: ShareStart
}

export interface MovePlaceAsked extends SharePlaceName {
  /** The same is done once. */
  readonly moveId: string
  readonly places: readonly SharePlace[]
}

export interface ReleaseMemberAsked {
  readonly groupId: string
  readonly memberId: string
}

/** Where a group is in a partition, as its leader says. */
export interface SharePlaceFacts {
  readonly partition: number
  /** The first record that it is not done with. */
  readonly startOffset: number
  /** Records that it is not done with. */
  readonly lag: number
  /** Records that members have. */
  readonly acquired: number
  /** Records that it has come to, and whose time has not come. */
  readonly delayed: number
  /** Of the leader. */
  readonly epoch: number
}

/** A place with what its leader says of it. */
export interface ToldPlace extends SharePlaceName {
  readonly facts: readonly SharePlaceFacts[]
}

/** A record that a group could not process. */
export interface ShareDeathNote {
  readonly offset: number
  readonly reason: ShareDeath
  readonly deliveryCount: number
}

export interface BuryAsked extends SharePlaceName {
  readonly partition: number
  /** No two that send dead records of a partition have the same, … */
  readonly senderId: string
  /** … and with each that one sends this rises by one. */
  readonly sequence: number
  /** One for each message, in the same order. */
  readonly deaths: readonly ShareDeathNote[]
}

/** The cells that lead partitions, as the home asks them. All of it rejects when a cell does not answer in time. */
export interface ShareLeaders {
  /** Gives a group a place, unless it has it. */
  openPlace(cell: number, asked: OpenPlaceAsked): Promise<void>
  movePlace(cell: number, asked: MovePlaceAsked): Promise<void>
  forgetPlace(cell: number, name: SharePlaceName): Promise<void>
  releaseMember(cell: number, asked: ReleaseMemberAsked): Promise<void>
  /** All places of a group that the cell has. */
  describePlaces(cell: number, groupId: string): Promise<readonly ToldPlace[]>
}

/** The home, as leaders ask it. */
export interface ShareHome {
  /** Tells where groups are, and hears which of these places are no more. */
  tell(places: readonly ToldPlace[]): Promise<readonly SharePlaceName[]>
  /** Sends dead records where the group's dead letters go. Resolves when that is durable. */
  bury(asked: BuryAsked, messages: Buffer): Promise<void>
}

/** The way to the other cells of a cluster. */
export interface ShareElsewhere {
  readonly leaders: ShareLeaders
  readonly home: ShareHome
}
