// What is kept of dead records on their way to another cell. A leader keeps which records are dead and which of them it
// has sent, and the home what it has done of that: so each goes to the dead letters once, whichever of them crashes.
import type { LogStore } from '../../log/log-store.ts'
import type { ShareDeathNote } from './share-elsewhere.ts'

/** A partition of a topic in which a group has its place. */
export interface DeathPlace {
  readonly groupId: string
  readonly topicId: string
  /** Its number. */
  readonly partition: number
}

/** At the leader: which records are dead, and what was sent last. */
export interface DyingRow {
  readonly placeId: string
  /** See `BuryAsked`. */
  readonly senderId: string
  readonly sequence: number
  /** So many of `deaths`, the first ones, have been sent under that number, and may be done. */
  readonly sentCount: number
  readonly deaths: readonly ShareDeathNote[]
}

/** At the home: what was done last. */
export interface BuriedRow {
  readonly senderId: string
  readonly sequence: number
}

const dyingPrefix = 'share-dying/'
const buriedPrefix = 'share-buried/'
const topicIdSize = 22

/** Keeps it with whatever else the atom has. False when there is no room. */
export function putDyingRow(store: LogStore, place: DeathPlace, row: DyingRow): boolean {
  return store.putState(dyingPrefix + keyOfDeaths(place), Buffer.from(JSON.stringify(row)))
}

export function putBuriedRow(store: LogStore, place: DeathPlace, row: BuriedRow): boolean {
  return store.putState(buriedPrefix + keyOfDeaths(place), Buffer.from(JSON.stringify(row)))
}

/** The group has its place no more. Within an atom. */
export function dropDeathRows(store: LogStore, place: DeathPlace): void {
  store.putState(dyingPrefix + keyOfDeaths(place), undefined)
  store.putState(buriedPrefix + keyOfDeaths(place), undefined)
}

export function dyingRowsOf(state: ReadonlyMap<string, Buffer>): [DeathPlace, DyingRow][] {
  return rowsOf<DyingRow>(state, dyingPrefix)
}

export function buriedRowsOf(state: ReadonlyMap<string, Buffer>): [DeathPlace, BuriedRow][] {
  return rowsOf<BuriedRow>(state, buriedPrefix)
}

function rowsOf<Row>(state: ReadonlyMap<string, Buffer>, prefix: string): [DeathPlace, Row][] {
  const rows: [DeathPlace, Row][] = []
  for (const [key, value] of state) {
    if (!key.startsWith(prefix)) continue
    rows.push([placeOf(key.slice(prefix.length)), JSON.parse(value.toString()) as Row])
  }
  return rows
}

export function keyOfDeaths({ groupId, topicId, partition }: DeathPlace): string {
  return `${partition}/${groupId}/${topicId}`
}

function placeOf(key: string): DeathPlace {
  const start = key.indexOf('/')
  return {
    partition: Number(key.slice(0, start)),
    groupId: key.slice(start + 1, -topicIdSize - 1),
    topicId: key.slice(-topicIdSize),
  }
}
