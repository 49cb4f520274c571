// Views that somebody has named: parameters of the page's URL, kept in this browser.
import { type Signal, signal } from '@preact/signals'
import { readKept, writeKept } from '../../lib/preferences.ts'

export interface SavedView {
  readonly name: string
  /** `?state=growing&sort=messages`. */
  readonly search: string
}

const key = 'pabal.stream-views'
/** More are not kept: a menu has room for so many. */
const viewsMax = 20

export const builtInViews: readonly SavedView[] = [
  { name: 'All streams', search: '' },
  { name: 'Growing', search: '?state=growing&sort=growth&desc=true' },
  { name: 'Longest', search: '?sort=messages&desc=true' },
  { name: 'Busiest', search: '?sort=rates.in&desc=true' },
  { name: 'Nobody reads', search: '?state=no-consumers,not-empty&sort=messages&desc=true' },
  { name: 'Dead letters', search: '?state=dead-letters&sort=messages&desc=true' },
  { name: 'Groups behind', search: '?state=lagging&sort=lag&desc=true' },
]

export const savedViews: Signal<readonly SavedView[]> = signal(read())

/** One of the same name is replaced. */
export function saveView(view: SavedView): void {
  write([...savedViews.peek().filter(({ name }) => name !== view.name), view].slice(-viewsMax))
}

export function forgetView(name: string): void {
  write(savedViews.peek().filter((view) => view.name !== name))
}

function write(views: readonly SavedView[]): void {
  savedViews.value = views
  writeKept(key, views.length === 0 ? undefined : JSON.stringify(views))
}

function read(): readonly SavedView[] {
  try {
    const parsed: unknown = JSON.parse(readKept(key) ?? '[]')
    return Array.isArray(parsed) ? parsed.filter(isView) : []
  } catch {
    return []
  }
}

function isView(value: unknown): value is SavedView {
  const { name, search } = (value ?? {}) as Partial<SavedView>
  return typeof name === 'string' && typeof search === 'string'
}
