// A place in all logs of a queue or topic, as text that outlives the broker: `12.345_13.7`, which is a log and the
// next offset in it. Logs that are not kept are told from those of another process, which may have their numbers.
import type { Log } from '../../log/log.ts'

/** The next offset of each log, by `logKey`. */
export type TailPlace = ReadonlyMap<string, number>

export function logKey({ id, isVolatile }: Log, epoch: number): string {
  return isVolatile ? `${id}v${epoch}` : `${id}`
}

export function placeText(place: TailPlace): string {
  let text = ''
  for (const [key, offset] of place) text += `${text === '' ? '' : '_'}${key}.${offset}`
  return text
}

/** Undefined for what is no place. */
export function readPlace(text: string): TailPlace | undefined {
  const place = new Map<string, number>()
  for (const part of text.split('_')) {
    const [, key = '', digits = ''] = /^(\d+(?:v\d+)?)\.(\d{1,16})$/.exec(part) ?? []
    const offset = Number(digits)
    if (key === '' || !Number.isSafeInteger(offset)) return undefined
    place.set(key, offset)
  }
  return place
}
