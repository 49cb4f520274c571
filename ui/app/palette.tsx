// Jumps anywhere: to a page, a stream, an exchange. Opened by ⌘K, loaded with the first time.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask } from '../lib/api.ts'
import { query } from '../lib/names.ts'
import { recentStreams } from '../lib/recent-streams.ts'
import { goToUrl, urlOf } from '../lib/router.ts'
import type { ListPage } from '../lib/rows.ts'
import { Dialog } from '../parts/confirm.tsx'
import { Name } from '../parts/values.tsx'
import { pages } from './pages.ts'
import './palette.css'

interface Hit {
  readonly url: string
  readonly name: string
  readonly kind: string
}

/** One waits so long for the next letter before the broker is asked. */
const pauseMs = 120

export function Palette({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const found = useFound(text)
  const hits = [...pagesLike(text), ...found]
  const open = (hit: Hit | undefined): void => {
    if (hit === undefined) return
    onClose()
    if (hit.url.startsWith('/docs/')) location.assign(hit.url)
    else goToUrl(hit.url)
  }
  const onKey = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const step = steps[event.key]
    if (event.key === 'Enter') open(hits[at])
    if (step !== undefined) {
      event.preventDefault()
      setAt(Math.max(0, Math.min(hits.length - 1, at + step)))
    }
  }
  return (
    <Dialog onClose={onClose} label="Search or jump">
      <div class="palette" onKeyDown={onKey}>
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-hits"
          aria-activedescendant={`palette-${at}`}
          aria-label="Page or stream"
          placeholder="Page or stream"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value)
            setAt(0)
          }}
        />
        <ul id="palette-hits" role="listbox" aria-label="Found">
          {hits.map((hit, index) => (
            <li
              key={hit.url}
              id={`palette-${index}`}
              role="option"
              aria-selected={index === at}
              onMouseMove={() => setAt(index)}
              onClick={() => open(hit)}
            >
              {hit.kind === 'page' ? <span>{hit.name}</span> : <Name value={hit.name} />}
              <span class="soft">{hit.kind}</span>
            </li>
          ))}
        </ul>
        {hits.length === 0 && <p class="palette-none soft">Nothing is called so.</p>}
      </div>
    </Dialog>
  )
}

/** Without a text: the streams that one looked at last, then every page. */
function pagesLike(text: string): Hit[] {
  const found = pages
    .filter(
      ({ path, name, words }) =>
        !isOfOneStream(path) && (isLike(name, text) || hasWord(words, text)),
    )
    .map(({ path, name }) => ({ url: path, name, kind: 'page' }))
  if (isLike('Documentation', text)) {
    found.push({ url: '/docs/', name: 'Documentation', kind: 'page' })
  }
  const recent = text.trim() === '' ? recentStreams() : []
  const hits = recent.map(({ vhost, name }) => ({
    url: urlOf('/stream', { vhost, name }),
    name,
    kind: 'looked at before',
  }))
  return [...hits, ...found]
}

/** Their URLs need the name of one. */
function isOfOneStream(path: string): boolean {
  return path === '/stream' || path.startsWith('/stream/')
}

function isLike(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.trim().toLowerCase())
}

/** One of the words begins so: what people from other brokers call what is on a page. */
function hasWord(words: string | undefined, text: string): boolean {
  const start = text.trim().toLowerCase()
  return start !== '' && (words?.split(' ').some((word) => word.startsWith(start)) ?? false)
}

interface Found {
  readonly vhost: string
  readonly name: string
  readonly kind?: string
}

/** Streams and exchanges whose names hold the text: until the broker has answered, those of the text before. */
function useFound(text: string): readonly Hit[] {
  const [found, setFound] = useState<{ readonly of: string; readonly hits: readonly Hit[] }>({
    of: '',
    hits: [],
  })
  useEffect(() => {
    const stop = new AbortController()
    const asking = setTimeout(() => {
      void findThings(text, stop.signal).then((hits) => {
        if (!stop.signal.aborted) setFound({ of: text, hits })
      })
    }, pauseMs)
    return () => {
      clearTimeout(asking)
      stop.abort()
    }
  }, [text])
  return found.of === text ? found.hits : found.hits.filter(({ name }) => isLike(name, text))
}

async function findThings(text: string, signal: AbortSignal): Promise<Hit[]> {
  if (text.trim() === '') return []
  const asked = query({ name: text.trim(), page: 1, page_size: 8 })
  const list = (path: string): Promise<readonly Found[]> =>
    ask<ListPage<Found>>('GET', path + asked, undefined, { signal }).then(
      ({ items }) => items,
      () => [],
    )
  const [streams, exchanges] = await Promise.all([list('/v1/streams'), list('/exchanges')])
  return [
    ...streams.map(({ vhost, name, kind = 'stream' }) => ({
      url: urlOf('/stream', { vhost, name }),
      name,
      kind,
    })),
    ...exchanges
      .filter(({ name }) => name !== '')
      .map(({ vhost, name }) => ({
        url: urlOf('/topology', { vhost, exchange: name }),
        name,
        kind: 'exchange',
      })),
  ]
}
