// Which streams are shown and how, as the page's URL says it, and as the API is asked for it.
import { query } from '../../lib/names.ts'

/** Filters, order and columns; all of them are parameters of the page's URL. */
export interface StreamsView {
  readonly text: string
  readonly isRegex: boolean
  readonly vhost: string | undefined
  readonly kind: string | undefined
  readonly type: string | undefined
  readonly states: readonly string[]
  readonly sort: string | undefined
  readonly isReverse: boolean
}

/** What a stream may be asked to be, as chips say it. */
export const stateChips: readonly {
  readonly state: string
  readonly label: string
  readonly hint: string
}[] = [
  { state: 'growing', label: 'growing', hint: 'More comes in than is acked, right now' },
  { state: 'lagging', label: 'behind', hint: 'A consumer group has messages to read' },
  { state: 'no-consumers', label: 'nobody reads', hint: 'Neither a consumer nor a group' },
  { state: 'dead-letters', label: 'dead letters', hint: 'Holds dead letters of other queues' },
  { state: 'not-empty', label: 'not empty', hint: 'Has messages' },
  { state: 'empty', label: 'empty', hint: 'Has no messages' },
  { state: 'paused', label: 'paused', hint: 'Nothing is delivered until it is resumed' },
]

export function viewFrom(params: ReadonlyMap<string, string>): StreamsView {
  return {
    text: params.get('q') ?? '',
    isRegex: params.get('regex') === 'true',
    vhost: params.get('vhost'),
    kind: params.get('kind'),
    type: params.get('type'),
    states: (params.get('state') ?? '').split(',').filter((state) => state !== ''),
    sort: params.get('sort'),
    isReverse: params.get('desc') === 'true',
  }
}

/** Without its order: whether anything is held back. */
export function isFiltered({ text, vhost, kind, type, states }: StreamsView): boolean {
  return text !== '' || states.length > 0 || [vhost, kind, type].some((each) => each !== undefined)
}

/** What the API is asked with. */
export function filterParams(view: StreamsView): Record<string, string | undefined> {
  return {
    name: view.text,
    use_regex: view.isRegex && view.text !== '' ? 'true' : undefined,
    vhost: view.vhost,
    kind: view.kind,
    type: view.type,
    state: view.states.join(','),
  }
}

/** A page of the list, with what its rows show. */
export function streamsPath(view: StreamsView, page: number, pageSize: number): string {
  return `/v1/streams${query({
    ...filterParams(view),
    sort: view.sort,
    sort_reverse: view.isReverse || undefined,
    spark: true,
    page,
    page_size: pageSize,
  })}`
}

/** The three that grow fastest. */
export const growingPath: string = `/v1/streams${query({
  state: 'growing',
  sort: 'growth',
  sort_reverse: true,
  columns: 'vhost,name,growth',
  page: 1,
  page_size: 3,
})}`
