// What the URL says of the list of sessions.
import { query } from '../../lib/names.ts'
import type { Place } from '../../lib/router.ts'

export interface SessionsView {
  readonly text: string
  readonly state: string | undefined
  readonly user: string | undefined
  readonly vhost: string | undefined
  readonly sort: string | undefined
  readonly isReverse: boolean
}

export const states = [
  { state: 'connected', title: 'Their clients are connected' },
  { state: 'away', title: 'They wait for their clients' },
  { state: 'waiting', title: 'Messages wait to be sent to them' },
] as const

export function viewFrom(params: Place['params']): SessionsView {
  return {
    text: params.get('q') ?? '',
    state: params.get('state'),
    user: params.get('user'),
    vhost: params.get('vhost'),
    sort: params.get('sort'),
    isReverse: params.get('desc') === 'true',
  }
}

export function isFiltered({ text, state, user, vhost }: SessionsView): boolean {
  return text !== '' || [state, user, vhost].some((each) => each !== undefined)
}

export function sessionsPath(view: SessionsView, page: number, pageSize: number): string {
  const { text: name, state, user, vhost, sort, isReverse } = view
  const order = { sort, sort_reverse: isReverse || undefined }
  return `/v1/mqtt/sessions${query({ name, state, user, vhost, ...order, page, page_size: pageSize })}`
}

/** A session's name in URLs and sets: a client id is one of a virtual host. */
export function keyOf({
  vhost,
  client_id: clientId,
}: {
  readonly vhost: string
  readonly client_id: string
}): string {
  return JSON.stringify([vhost, clientId])
}

export function placeOf(
  key: string,
): { readonly vhost: string; readonly client_id: string } | undefined {
  try {
    const [vhost, clientId] = JSON.parse(key) as [string, string]
    const isPlace = typeof vhost === 'string' && typeof clientId === 'string'
    return isPlace ? { vhost, client_id: clientId } : undefined
  } catch {
    return undefined
  }
}
