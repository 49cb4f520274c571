// Numbers, sizes and times as people read them.

const whole = new Intl.NumberFormat('en')

/** `12,345`. */
export function count(value: number): string {
  return whole.format(Math.round(value))
}

/** Three significant figures: `12.4 k`, `999`, `0.52`; the unit comes behind, if any. */
export function short(value: number): string {
  for (const [size, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (Math.abs(value) >= size * 0.9995) return `${significant(value / size)} ${letter}`
  }
  return Number.isInteger(value) ? String(value) : significant(value)
}

function significant(value: number): string {
  const size = Math.abs(value)
  if (size >= 99.95) return String(Math.round(value))
  return value.toFixed(size >= 9.995 ? 1 : 2)
}

/** `12.4 k/s`; nothing moves: `0/s`. */
export function rate(perSecond: number): string {
  return `${short(perSecond)}/s`
}

/** `1.46 MiB`. */
export function bytes(size: number): string {
  let rest = size
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (Math.abs(rest) < 1023.5) return `${unit === 'B' ? count(rest) : significant(rest)} ${unit}`
    rest /= 1024
  }
  return `${significant(rest)} TiB`
}

/** `3 d 4 h`, `4 min 5 s`, `5.2 s`, `20 ms`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  let rest = Math.round(ms / 1000)
  const parts: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const units = Math.floor(rest / seconds)
    rest -= units * seconds
    if (units > 0) parts.push(`${units} ${unit}`)
    else if (parts.length > 0) break
  }
  return parts.slice(0, 2).join(' ')
}

/** `4 min ago`, `in 2 h`, `now`: only the largest unit, so that it does not tick all the time. */
export function ago(at: number, now: number): string {
  const away = now - at
  const [largest = ''] =
    /^[\d.]+ \w+/.exec(duration(Math.floor(Math.abs(away) / 1000) * 1000)) ?? []
  if (Math.abs(away) < 1000) return 'now'
  const text = largest.replace(/\.\d/, '')
  return away > 0 ? `${text} ago` : `in ${text}`
}

/** A moment in full: `2026-11-29 20:15:03.250`, in the zone that the reader chose. */
export function moment(at: number, zone: 'local' | 'UTC' = 'local'): string {
  const shift = zone === 'UTC' ? 0 : new Date(at).getTimezoneOffset() * 60_000
  const text = isoTime(at - shift)
    ?.replace('T', ' ')
    .replace('Z', '')
  if (text === undefined) return String(at)
  return zone === 'UTC' ? `${text} UTC` : text
}

/** As attributes have it; undefined for what no calendar holds: clients may say any time. */
export function isoTime(at: number): string | undefined {
  return Math.abs(at) <= timeMax ? new Date(at).toISOString() : undefined
}

/** Of a `Date`, in milliseconds. */
const timeMax = 8.64e15

/** `12:04:31` of a moment. */
export function clockTime(at: number, zone: 'local' | 'UTC' = 'local'): string {
  const text = moment(at, zone)
  return isoTime(at) === undefined ? text : text.slice(11, 19)
}

/** `1 message`, `12 messages`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}
