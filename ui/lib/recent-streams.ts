// The streams that somebody looked at last, kept in this browser.
import { effect } from '@preact/signals'
import { readKept, writeKept } from './preferences.ts'
import { place } from './router.ts'

export interface RecentStream {
  readonly vhost: string
  readonly name: string
}

const key = 'pabal.recent-streams'
const keptMax = 5

export function recentStreams(): readonly RecentStream[] {
  try {
    const kept: unknown = JSON.parse(readKept(key) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isStream).slice(0, keptMax) : []
  } catch {
    return []
  }
}

function isStream(value: unknown): value is RecentStream {
  const { vhost, name } = (value ?? {}) as Partial<RecentStream>
  return typeof vhost === 'string' && typeof name === 'string'
}

/** Notes each stream that a URL shows. */
export function noteStreams(): void {
  effect(() => {
    const { path, params } = place.value
    const name = params.get('name')
    if (name === undefined || (path !== '/stream' && !path.startsWith('/stream/'))) return
    const seen = { vhost: params.get('vhost') ?? '/', name }
    const others = recentStreams().filter(
      (each) => each.vhost !== seen.vhost || each.name !== seen.name,
    )
    writeKept(key, JSON.stringify([seen, ...others].slice(0, keptMax)))
  })
}
