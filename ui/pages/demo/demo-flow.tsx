// What goes where, as a picture with numbers: from the shops through the exchange to the queue and the topic.
import type { ComponentChildren, JSX } from 'preact'
import type { DemoPictureJson } from '../../../src/admin/v1/demo-operations.ts'
import { count, rate } from '../../lib/format.ts'
import { urlOf } from '../../lib/router.ts'
import { ProtocolBadge } from '../../parts/badge.tsx'

interface FlowProps {
  readonly picture: DemoPictureJson | null
  readonly isOn: boolean
}

export function DemoFlow({ picture, isOn }: FlowProps): JSX.Element {
  const [search, reports] = picture?.readers ?? []
  const perSecond = (value: number | undefined): string => (isOn ? rate(value ?? 0) : '')
  return (
    <figure class="demo-flow" aria-label="How orders go">
      <Node area="shops" title="4 shops" note={`${count(picture?.published ?? 0)} orders`} />
      <Arrow area="in" mark="AM" text={perSecond(picture?.published_per_second)} />
      <Node area="exchange" title="demo.orders" kind="exchange" to={urlOf('/topology')} />
      <Fork />
      <Node area="queue" title="demo.billing" kind="work queue" to={streamUrl('demo.billing')} />
      <Arrow area="work" mark="AM" text={perSecond(picture?.paid_per_second)} />
      <Node
        area="workers"
        title="2 workers"
        note={
          <>
            {count(picture?.paid ?? 0)} paid, {count(picture?.retried ?? 0)} tried again
          </>
        }
      />
      <Node
        area="topic"
        title="demo.orders.stream"
        kind="topic"
        to={streamUrl('demo.orders.stream')}
      />
      <Arrow area="read" mark="KA" text={perSecond(search?.read_per_second)} />
      <div class="demo-groups" style={{ gridArea: 'groups' }}>
        <Reader title="demo.search" reader={search} />
        <Reader title="demo.reports" reader={reports} />
      </div>
      <Arrow area="die" text={`${count(picture?.rejected ?? 0)} rejected`} isDown />
      <Node
        area="dead"
        title="demo.dead"
        kind="dead letters"
        to={streamUrl('demo.dead')}
        tone="bad"
      />
    </figure>
  )
}

/** From the exchange both ways. */
function Fork(): JSX.Element {
  return (
    <>
      <span class="demo-fork demo-fork-stub" aria-hidden="true" />
      <span class="demo-fork demo-fork-queue" aria-hidden="true">
        <span class="demo-line" />
      </span>
      <span class="demo-fork demo-fork-middle" aria-hidden="true" />
      <span class="demo-fork demo-fork-topic" aria-hidden="true">
        <span class="demo-line" />
      </span>
    </>
  )
}

function streamUrl(name: string): string {
  return urlOf('/stream', { vhost: '/', name })
}

function Node({
  area,
  title,
  kind,
  note,
  to,
  tone = 'plain',
}: {
  readonly area: string
  readonly title: string
  readonly kind?: string
  readonly note?: ComponentChildren
  readonly to?: string
  readonly tone?: 'plain' | 'bad'
}): JSX.Element {
  const name = <b class={kind === undefined ? '' : 'mono'}>{breakable(title)}</b>
  return (
    <div class={`demo-node demo-${tone}`} style={{ gridArea: area }}>
      {to === undefined ? name : <a href={to}>{name}</a>}
      {(kind ?? note) !== undefined && <span class="soft">{note ?? kind}</span>}
    </div>
  )
}

/** A long name is broken behind a dot. */
function breakable(name: string): ComponentChildren {
  return name.split(/(?<=\.)/).flatMap((part, index) => (index === 0 ? [part] : [<wbr />, part]))
}

function Arrow({
  area,
  mark,
  text,
  isDown = false,
}: {
  readonly area: string
  readonly mark?: 'AM' | 'KA'
  readonly text: string
  readonly isDown?: boolean
}): JSX.Element {
  return (
    <div class={`demo-arrow ${isDown ? 'demo-down' : ''}`} style={{ gridArea: area }}>
      <span class="demo-arrow-text">
        {mark !== undefined && <ProtocolBadge mark={mark} />} {text}
      </span>
      <span class="demo-line" aria-hidden="true" />
    </div>
  )
}

function Reader({
  title,
  reader,
}: {
  readonly title: string
  readonly reader: DemoPictureJson['readers'][number] | undefined
}): JSX.Element {
  const lag = reader?.lag ?? 0
  const isBehind = lag > 20
  return (
    <div class="demo-node">
      <b class="mono">{breakable(title)}</b>
      <span
        class={isBehind ? 'demo-behind' : 'soft'}
        title="Orders that were published and that it has not read"
      >
        {reader?.problem ?? (isBehind ? `${count(lag)} behind` : 'keeps up')}
      </span>
    </div>
  )
}
