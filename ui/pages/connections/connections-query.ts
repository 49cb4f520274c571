// What the URL says of the list of connections.
import { query } from '../../lib/names.ts'
import type { Params, Place } from '../../lib/router.ts'

export interface ConnectionsView {
  readonly text: string
  readonly protocol: string | undefined
  readonly user: string | undefined
  readonly vhost: string | undefined
  readonly state: string | undefined
  readonly sort: string | undefined
  readonly isReverse: boolean
}

export const protocols = [
  { protocol: 'amqp', label: 'AMQP' },
  { protocol: 'kafka', label: 'Kafka' },
  { protocol: 'mqtt', label: 'MQTT' },
  { protocol: 'stomp', label: 'STOMP' },
  { protocol: 'http', label: 'HTTP' },
] as const

export function viewFrom(params: Place['params']): ConnectionsView {
  return {
    text: params.get('q') ?? '',
    protocol: params.get('protocol'),
    user: params.get('user'),
    vhost: params.get('vhost'),
    state: params.get('state'),
    sort: params.get('sort'),
    isReverse: params.get('desc') === 'true',
  }
}

export function isFiltered({ text, protocol, user, vhost, state }: ConnectionsView): boolean {
  return text !== '' || [protocol, user, vhost, state].some((each) => each !== undefined)
}

/** As the API is asked for a page of them. */
export function connectionsPath(view: ConnectionsView, page: number, pageSize: number): string {
  return `/v1/connections${query({ ...filterParams(view), ...sortParams(view), page, page_size: pageSize })}`
}

function filterParams({ text, protocol, user, vhost, state }: ConnectionsView): Params {
  // Requests of HTTP come and go all the time, those of this page too: they stand where one asks for them.
  return { name: text, protocol: protocol ?? 'messages', user, vhost, state }
}

/** Those that came last stand first, unless another order is asked for. */
function sortParams({ sort, isReverse }: ConnectionsView): Params {
  return sort === undefined
    ? { sort: 'connected_at', sort_reverse: true }
    : { sort, sort_reverse: isReverse || undefined }
}
