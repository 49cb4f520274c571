// The head of all pages about one stream: its name, what kind of thing it is, what matters about it, and its tabs.
import type { ComponentChildren, JSX } from 'preact'
import type { StreamJson } from '../../src/admin/v1/stream-json.ts'
import type { StreamShownJson } from '../../src/admin/v1/stream-show-operations.ts'
import { counted } from '../lib/format.ts'
import { type Live, useLive } from '../lib/live.ts'
import { apiPath } from '../lib/names.ts'
import { type Params, urlOf, useParam } from '../lib/router.ts'
import { plainName } from '../lib/show-name.ts'
import { Badge, ProtocolBadge, type ProtocolMark } from './badge.tsx'
import { Empty, ProblemNote } from './notes.tsx'
import { Page, type PageProps } from './page.tsx'
import { Tabs } from './tabs.tsx'
import { Name } from './values.tsx'
import './stream-tabs.css'

/** Which stream the URL names. */
export interface StreamPlace {
  readonly vhost: string
  readonly name: string
}

export function useStreamPlace(): StreamPlace {
  const [vhost = '/'] = useParam('vhost')
  const [name = ''] = useParam('name')
  return { vhost, name }
}

/** The stream that the URL names, live; all pages about it share this view. */
export function useStream(): StreamPlace & { readonly live: Live<StreamShownJson> } {
  const place = useStreamPlace()
  const path = place.name === '' ? undefined : apiPath`/v1/streams/${place.vhost}/${place.name}`
  return { ...place, live: useLive<StreamShownJson>(path) }
}

export type StreamTab = 'overview' | 'messages' | 'consumers' | 'deaths'

const paths: Readonly<Record<StreamTab, string>> = {
  overview: '/stream',
  messages: '/stream/messages',
  consumers: '/stream/consumers',
  deaths: '/stream/deaths',
}

/** The URL of a page about a stream. */
export function streamUrl(
  place: StreamPlace,
  tab: StreamTab = 'overview',
  params?: Params,
): string {
  return urlOf(paths[tab], { vhost: place.vhost, name: place.name, ...params })
}

export interface StreamFrameProps extends Omit<PageProps, 'title' | 'tab'> {
  readonly current: StreamTab
}

/** A page about the stream that the URL names: use it in place of `Page`. */
export function StreamFrame(props: StreamFrameProps): JSX.Element {
  const { current, filters, children, ...rest } = props
  const { vhost, name, live } = useStream()
  if (name === '') return <NoStream />
  const isGone = live.data === undefined && live.problem !== undefined
  return (
    <Page
      {...rest}
      title={
        <>
          <Name value={name} isCopied />
          {live.data !== undefined && <StreamBadges stream={live.data} isWhole />}
        </>
      }
      tab={plainName(name)}
      tabs={
        isGone ? undefined : (
          <StreamTabs place={{ vhost, name }} current={current} stream={live.data} />
        )
      }
      filters={isGone ? undefined : filters}
    >
      {isGone ? <ProblemNote problem={live.problem} /> : children}
    </Page>
  )
}

function NoStream(): JSX.Element {
  return (
    <Page title="Stream">
      <Empty
        title="No stream is chosen"
        text="A page about a stream has its name in the address."
        action={<a href="/streams">Choose one</a>}
      />
    </Page>
  )
}

function StreamTabs({
  place,
  current,
  stream,
}: {
  readonly place: StreamPlace
  readonly current: StreamTab
  readonly stream: StreamShownJson | undefined
}): JSX.Element {
  const readers = stream && stream.consumers + stream.groups.length
  const deaths = stream && stream.dead_letter_sources > 0 ? stream.dead_letters : undefined
  const tabOf = (
    tab: StreamTab,
    label: string,
    count?: number,
  ): { label: string; to: string; isCurrent: boolean; count: number | undefined } => {
    return { label, to: streamUrl(place, tab), isCurrent: tab === current, count }
  }
  return (
    <Tabs
      label="Of this stream"
      tabs={[
        tabOf('overview', 'Overview'),
        tabOf('messages', 'Messages', stream?.messages),
        tabOf('consumers', 'Consumers and groups', readers),
        tabOf('deaths', 'Dead letters', deaths),
      ]}
    />
  )
}

const marks: Readonly<Record<StreamJson['protocols'][number], ProtocolMark>> = {
  amqp: 'AM',
  kafka: 'KA',
  mqtt: 'MQ',
  stomp: 'ST',
}

/** What kind of thing it is, and what is special about it. `isWhole`: with what a row has no room for. */
export function StreamBadges({
  stream,
  isWhole = false,
}: {
  readonly stream: StreamJson
  readonly isWhole?: boolean
}): JSX.Element {
  const { type, protocols, source } = stream
  const sources = stream.dead_letter_sources
  return (
    <span class="stream-badges">
      {protocols.map((protocol) => (
        <ProtocolBadge key={protocol} mark={marks[protocol]} />
      ))}
      {isWhole && <Badge>{stream.kind === 'topic' ? topicWords(stream) : `${type} queue`}</Badge>}
      {stream.paused_since !== null && (
        <Badge tone="look" title="Nothing is delivered until it is resumed">
          paused
        </Badge>
      )}
      {sources > 0 && (
        <Badge title={`${counted(sources, 'queue')} send dead letters here`}>dead letters</Badge>
      )}
      <Lifetime stream={stream} isWhole={isWhole} />
      {isWhole && stream.kind === 'queue' && stream.keeps_acked && (
        <Badge title="Acked messages are kept and can be brought back">keeps acked</Badge>
      )}
      {source !== null && (
        <Badge title="Its messages are those of a topic">of {plainName(source)}</Badge>
      )}
    </span>
  )
}

/** Where it does not stay until somebody deletes it. */
function Lifetime({
  stream: { durable, exclusive, auto_delete: isAutoDelete },
  isWhole,
}: {
  readonly stream: StreamJson
  readonly isWhole: boolean
}): JSX.Element {
  return (
    <>
      {!durable && <Badge title="It goes with a restart of the broker">transient</Badge>}
      {exclusive && <Badge title="It belongs to one connection and goes with it">exclusive</Badge>}
      {isWhole && isAutoDelete && <Badge title="It goes with its last consumer">auto-delete</Badge>}
    </>
  )
}

function topicWords({ partitions }: StreamJson): ComponentChildren {
  return partitions === 1 ? 'topic' : `topic, ${counted(partitions, 'partition')}`
}
