// What there is to say of the disk in one sentence.
import type { StorageJson } from '../../../src/admin/v1/storage-json.ts'
import { bytes, duration } from '../../lib/format.ts'

/** The rest of the disk is far enough away that nobody has to look. */
const soonSeconds = 7 * 86_400

/** What was seen for an hour is believed for some days. */
const believedTimes = 200

/** Nodes of a cluster keep nothing themselves: what is free is room for rows that are not in the store of objects yet. */
export function isOfCluster({ disk, data_folder: folder }: StorageJson): boolean {
  return disk !== null && folder === null
}

export function spaceSentence(storage: StorageJson): string {
  const { disk, forecast, blocked } = storage
  if (disk === null) return 'Everything is in memory, and gone when the broker stops'
  const what = isOfCluster(storage) ? ' for what waits for the store of objects' : ''
  const free = `${bytes(disk.free)} free${what}`
  if (blocked !== null) return `Publishers are blocked: ${blocked}; ${free}`
  const left = forecast.blocked_in_seconds
  switch (forecast.direction) {
    case 'filling':
      if (left === null || left > 365 * 86_400) return `${free}; at this pace it will do for years`
      return `${free}; at the pace of the last ${duration(forecast.over_seconds * 1000)} publishers are blocked in ${duration(roundly(left) * 1000)}`
    case 'emptying':
      return `${free}, and growing`
    case 'steady':
      return `${free}; it stays about the same`
    default:
      return `${free}; how long it will do shows in some minutes`
  }
}

/** No more precise than a guess is: hours above a day, minutes above an hour. */
function roundly(seconds: number): number {
  const unit = seconds > 2 * 86_400 ? 86_400 : seconds > 86_400 ? 3600 : seconds > 3600 ? 600 : 60
  return Math.max(unit, Math.round(seconds / unit) * unit)
}

export function toneOf({ disk, forecast, blocked }: StorageJson): 'plain' | 'look' | 'bad' {
  if (disk === null) return 'plain'
  if (blocked !== null || disk.free <= disk.blocked_at) return 'bad'
  const soon = Math.min(soonSeconds, forecast.over_seconds * believedTimes)
  const isSoon = (forecast.blocked_in_seconds ?? Infinity) < soon
  return isSoon || disk.free < disk.size / 20 ? 'look' : 'plain'
}
