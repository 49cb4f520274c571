// Where one is: the path names the page, the query everything else. Each view is a URL.
import { type ReadonlySignal, type Signal, computed, signal } from '@preact/signals'
import { decodeName, query } from './names.ts'

export interface Place {
  readonly path: string
  readonly params: ReadonlyMap<string, string>
}

export type Params = Readonly<Record<string, string | number | boolean | undefined>>

/** Where the browser is now; changes with its URL. */
export const place: Signal<Place> = signal(placeNow())

export function readPlace(path: string, search: string): Place {
  const params = new Map<string, string>()
  for (const part of search.replace(/^\?/, '').split('&')) {
    if (part === '') continue
    const [name = '', ...value] = part.replaceAll('+', ' ').split('=')
    params.set(decodeName(name), decodeName(value.join('=')))
  }
  return { path: path.length > 1 ? path.replace(/\/+$/, '') : '/', params }
}

function placeNow(): Place {
  if (typeof location === 'undefined') return { path: '/', params: new Map() }
  return readPlace(location.pathname, location.search)
}

/** The URL of a page. */
export function urlOf(path: string, params: Params = {}): string {
  return path + query(params)
}

/** Goes to a page; the way back leads here. */
export function go(path: string, params: Params = {}): void {
  goToUrl(urlOf(path, params))
}

export function goToUrl(url: string): void {
  history.pushState(null, '', url)
  place.value = placeNow()
  window.scrollTo(0, 0)
}

/** Changes parameters of this page; undefined or '' takes one away. The way back skips it. */
export function setParams(changes: Params): void {
  const params = Object.fromEntries(place.peek().params)
  history.replaceState(null, '', urlOf(place.peek().path, { ...params, ...changes }))
  place.value = placeNow()
}

/** As `setParams`, as a step that the way back undoes: for what opens something. */
export function pushParams(changes: Params): void {
  const params = Object.fromEntries(place.peek().params)
  history.pushState(null, '', urlOf(place.peek().path, { ...params, ...changes }))
  place.value = placeNow()
}

const paramSignals = new Map<string, ReadonlySignal<string | undefined>>()

/** One parameter of the URL and what changes it. Readers are called again only when it changed. */
export function useParam(name: string): [string | undefined, (value: string | undefined) => void] {
  let param = paramSignals.get(name)
  if (param === undefined) {
    param = computed(() => place.value.params.get(name))
    paramSignals.set(name, param)
  }
  return [param.value, (value) => setParams({ [name]: value })]
}

/** Follows links inside the page and the browser's buttons. */
export function watchLinks(): void {
  addEventListener('popstate', () => (place.value = placeNow()))
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target !== '' || link.hasAttribute('download')) return
    if (link.origin !== location.origin || isElsewhere(link.pathname)) return
    event.preventDefault()
    goToUrl(link.pathname + link.search)
  })
  followRabbitLinks()
}

/** Paths of this origin that are no pages of the UI. */
function isElsewhere(path: string): boolean {
  return /^\/(?:api|docs|metrics|health)(?:\/|$)/.test(path)
}

/** Bookmarks of RabbitMQ's pages, as `/#/queues/%2F/orders`, lead to the same thing here. */
function followRabbitLinks(): void {
  const [, page, vhost, name] = /^#\/(\w+)(?:\/([^/]+)\/([^/]+))?/.exec(location.hash) ?? []
  if (page === undefined) return
  const pages: Record<string, string> = {
    queues: '/streams',
    exchanges: '/topology',
    connections: '/connections',
    channels: '/connections',
    users: '/access',
    vhosts: '/access',
    policies: '/settings',
  }
  const isStream = page === 'queues' && name !== undefined
  const params =
    name === undefined ? {} : { vhost: decodeName(vhost ?? ''), name: decodeName(name) }
  history.replaceState(null, '', urlOf(isStream ? '/stream' : (pages[page] ?? '/'), params))
  place.value = placeNow()
}
