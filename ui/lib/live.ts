// Values that keep themselves up to date. All that pages look at comes over one event stream,
// `GET /api/v1/live`, which sends an answer of the API again when it has changed.
import { type Signal, signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { hasLoggedIn, isLoginNeeded, ownHeaders, Problem, problemOf } from './api.ts'
import { readEvents } from './event-stream.ts'
import { query } from './names.ts'

/** What is known of a path of the API. */
export interface Live<T> {
  readonly data?: T
  readonly problem?: Problem
  /** Who has not answered, of the nodes and cells of a cluster that have a part of it. */
  readonly missing?: readonly string[] | undefined
  /** What is shown is from before the stream broke, or of another page of the same list. */
  readonly isStale: boolean
}

/** How the stream is doing, for the header. */
export interface StreamState {
  readonly kind: 'connecting' | 'live' | 'broken'
  /** When that began, by the clock of this machine. */
  readonly since: number
}

export const streamState: Signal<StreamState> = signal({ kind: 'connecting', since: Date.now() })

/** What the broker's clock is ahead of this machine's, in milliseconds. */
export const clockAhead: Signal<number> = signal(0)

/** The broker's time, a second at a time, while somebody looks. */
export const now: Signal<number> = signal(Date.now())

/** Who is missing in anything that is shown. */
export const missing: Signal<readonly string[]> = signal([])

interface View {
  readonly path: string
  readonly value: Signal<Live<unknown>>
  users: number
}

const limits = {
  /** Views that a stream may have; more would be refused by the broker. */
  viewsMax: 16,
  /** Values of views that nobody looks at any more, kept so that the way back shows them at once. */
  keptMax: 40,
  /** A page that is changed has its views together. */
  gatherMs: 15,
  retryMs: [250, 500, 1000, 2000, 4000],
  /** Without a word for so long, the stream is taken for broken; the broker tells its time every 5 s. */
  silenceMs: 15_000,
  /**
   * A page that nobody sees stops asking, and soon: a browser has six connections for all its windows of a broker,
   * of which each stream takes one.
   */
  hiddenMs: 5000,
}

const views = new Map<string, View>()
let streamed: readonly string[] = []
let stop: AbortController | undefined
let gathering: ReturnType<typeof setTimeout> | undefined
let retries = 0

/** The JSON of a path of the API (behind `/api`), now and whenever it changes; undefined asks for nothing. */
export function useLive<T>(path: string | undefined): Live<T> {
  const [last, setLast] = useState<Live<unknown>>({ isStale: false })
  useEffect(() => {
    if (path === undefined) return undefined
    const view = viewOf(path)
    view.users++
    gather()
    const end = view.value.subscribe((value) => setLast((old) => shownOf(old, value)))
    return () => {
      end()
      view.users--
      gather()
    }
  }, [path])
  return (path === undefined ? { isStale: false } : last) as Live<T>
}

/** Until the first value of another path is there, what was shown stays, greyed: nothing jumps. */
function shownOf(old: Live<unknown>, value: Live<unknown>): Live<unknown> {
  const isEmpty = value.data === undefined && value.problem === undefined
  return isEmpty && old.data !== undefined ? { data: old.data, isStale: true } : value
}

/** Asks again at once for what is shown: after an action whose effect one wants to see. */
export function refresh(): void {
  restart()
}

function viewOf(path: string): View {
  let view = views.get(path)
  if (view === undefined) {
    view = { path, value: signal({ isStale: false }), users: 0 }
    views.set(path, view)
    forgetOldest()
  }
  return view
}

function forgetOldest(): void {
  for (const [path, { users }] of views) {
    if (views.size <= limits.keptMax) return
    if (users === 0) views.delete(path)
  }
}

function gather(): void {
  gathering ??= setTimeout(() => {
    gathering = undefined
    noteMissing()
    const wanted = wantedPaths()
    const isSame =
      wanted.length === streamed.length && wanted.every((path) => streamed.includes(path))
    if (!isSame) restart()
  }, limits.gatherMs)
}

function wantedPaths(): string[] {
  const used = [...views.values()].filter(({ users }) => users > 0)
  return used.map(({ path }) => path).slice(-limits.viewsMax)
}

function restart(): void {
  stop?.abort()
  streamed = wantedPaths()
  if (streamed.length === 0 || isAsleep) return
  stop = new AbortController()
  void follow(streamed, stop)
}

async function follow(paths: readonly string[], own: AbortController): Promise<void> {
  try {
    await readStream(paths, own)
    if (!own.signal.aborted) broke(own)
  } catch (error) {
    if (own.signal.aborted) return
    if (error instanceof Problem && error.status === 401) return
    broke(own)
  }
}

async function readStream(paths: readonly string[], own: AbortController): Promise<void> {
  let silence: ReturnType<typeof setTimeout> | undefined
  const heard = (): void => {
    clearTimeout(silence)
    silence = setTimeout(() => {
      if (own.signal.aborted) return
      own.abort()
      broke(own)
    }, limits.silenceMs)
  }
  heard()
  try {
    const views = paths.map((path) => query({ view: path }).slice(1)).join('&')
    const { signal } = own
    const response = await fetch(`/api/v1/live?${views}`, { headers: ownHeaders, signal })
    if (!response.ok || response.body === null) {
      if (response.status === 401) isLoginNeeded.value = true
      throw problemOf(response.status, await response.text())
    }
    for await (const { event, data } of readEvents(response.body)) {
      if (own.signal.aborted) return
      heard()
      takeEvent(paths, event, data)
    }
  } finally {
    clearTimeout(silence)
  }
}

function takeEvent(paths: readonly string[], event: string, data: string): void {
  if (event === 'time') clockAhead.value = Number(JSON.parse(data)) - Date.now()
  hasLoggedIn.value = true
  if (streamState.peek().kind !== 'live') streamState.value = { kind: 'live', since: Date.now() }
  retries = 0
  if (event !== 'view') return
  const { view, status, body, ...rest } = JSON.parse(data) as {
    readonly view: number
    readonly status: number
    readonly missing?: readonly string[]
    readonly body: unknown
  }
  const known = views.get(paths[view] ?? '')
  if (known === undefined) return
  if (status >= 200 && status < 300) known.value.value = { data: body, ...rest, isStale: false }
  else known.value.value = { problem: problemOf(status, JSON.stringify(body)), isStale: false }
  noteMissing()
}

/** The same text each time is no change. */
function noteMissing(): void {
  const used = [...views.values()].filter(({ users }) => users > 0)
  const all = new Set(used.flatMap(({ value }) => value.peek().missing ?? []))
  const named = [...all].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  if (named.join() !== missing.peek().join()) missing.value = named
}

/** What is shown is old from now on; the stream is begun again until it stands. */
function broke(own: AbortController): void {
  if (own !== stop) return
  if (streamState.peek().kind !== 'broken')
    streamState.value = { kind: 'broken', since: Date.now() }
  for (const { value } of views.values()) value.value = { ...value.peek(), isStale: true }
  const wait = limits.retryMs[Math.min(retries++, limits.retryMs.length - 1)]
  setTimeout(() => own === stop && restart(), wait)
}

/** One that is opened in the background does not begin. */
let isAsleep = typeof document !== 'undefined' && document.hidden
let sleeping: ReturnType<typeof setTimeout> | undefined

/** Follows whether somebody looks at the page, and lets time go on. */
export function watchAttention(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now() + clockAhead.peek()
  }, 1000)
  isLoginNeeded.subscribe((isNeeded) => {
    if (!isNeeded) restart()
  })
  document.addEventListener('visibilitychange', () => {
    clearTimeout(sleeping)
    if (document.hidden) {
      sleeping = setTimeout(() => {
        isAsleep = true
        restart()
      }, limits.hiddenMs)
    } else if (isAsleep) {
      isAsleep = false
      restart()
    }
  })
}
