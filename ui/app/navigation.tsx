// The pages, with a number beside those that ask for a look. A bar at the bottom of narrow windows.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { count } from '../lib/format.ts'
import { useKeys } from '../lib/keys.ts'
import { useLive } from '../lib/live.ts'
import { place } from '../lib/router.ts'
import { go } from '../lib/router.ts'
import { type PageEntry, pages } from './pages.ts'
import './navigation.css'

/** What `GET /api/v1/home` counts for the navigation. */
interface NavigationCounts {
  readonly counts?: {
    readonly streams?: number
    readonly dead_letters?: number
    readonly delayed?: number
    readonly connections?: number
    readonly blocked_connections?: number
  }
  /** null without a cluster. */
  readonly nodes?: { readonly gone: number; readonly cells_out: number } | null
}

/** In the bar of narrow windows stand these; the others behind "More". */
const barPaths: readonly string[] = ['/', '/streams', '/deaths', '/connections']

export function Navigation(): JSX.Element {
  const { data } = useLive<NavigationCounts>('/v1/home')
  const [isOpen, setOpen] = useState(false)
  const isCluster = data?.nodes !== undefined && data.nodes !== null
  const listed = pages.filter(
    ({ isListed, isOfClusters }) => isListed === true && (isCluster || isOfClusters !== true),
  )
  useKeys(
    listed.flatMap(({ keys, name, path }) =>
      keys === undefined ? [] : [{ keys, does: `go to ${name}`, run: () => go(path) }],
    ),
  )
  return (
    <nav class={isOpen ? 'navigation navigation-open' : 'navigation'} aria-label="Pages">
      <ul onClick={() => setOpen(false)}>
        {listed.map((page) => (
          <Entry key={page.path} page={page} mark={markOf(page, data)} />
        ))}
      </ul>
      <button
        type="button"
        class="navigation-more"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? 'Close' : 'More'}
      </button>
    </nav>
  )
}

interface PageMark {
  readonly value: number
  readonly tone: 'plain' | 'bad'
  readonly says: string
}

function markOf(
  { path }: PageEntry,
  { counts, nodes }: NavigationCounts = {},
): PageMark | undefined {
  const marks: Readonly<Record<string, readonly [number | undefined, PageMark['tone'], string]>> = {
    '/streams': [counts?.streams, 'plain', 'streams'],
    '/deaths': [counts?.dead_letters, 'bad', 'dead letters'],
    '/schedule': [counts?.delayed, 'plain', 'delayed messages'],
    '/connections': [counts?.blocked_connections, 'bad', 'blocked'],
    '/cluster': [(nodes?.gone ?? 0) + (nodes?.cells_out ?? 0), 'bad', 'nodes and cells out'],
  }
  const [value = 0, tone, says] = marks[path] ?? []
  return value === 0 || tone === undefined || says === undefined ? undefined : { value, tone, says }
}

function Entry({
  page: { path, name, keys },
  mark,
}: {
  readonly page: PageEntry
  readonly mark: PageMark | undefined
}): JSX.Element {
  const here = place.value.path
  const isCurrent = path === '/' ? here === '/' : here === path || isInside(here, path)
  return (
    <li class={barPaths.includes(path) ? 'navigation-first' : undefined}>
      <a href={path} aria-current={isCurrent ? 'page' : undefined} title={keys}>
        <span>{name}</span>
        {mark !== undefined && (
          <span class={`navigation-mark navigation-${mark.tone}`}>
            {count(mark.value)}
            <span class="unseen"> {mark.says}</span>
          </span>
        )}
      </a>
    </li>
  )
}

/** Pages of one stream belong to Streams. */
function isInside(here: string, path: string): boolean {
  return path === '/streams' && (here === '/stream' || here.startsWith('/stream/'))
}
