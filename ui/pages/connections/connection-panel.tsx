// One connection: what is to be said of it, what it does, its channels and consumers.
import type { JSX } from 'preact'
import type {
  ChannelJson,
  ConnectionShownJson,
} from '../../../src/admin/v1/connections/connection-json.ts'
import { curlOf } from '../../lib/api.ts'
import { bytes, counted, duration, rate } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { urlOf } from '../../lib/router.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Chart } from '../../parts/chart.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { Ago, At, Name, Num, Rate } from '../../parts/values.tsx'
import { libraryOf } from './connection-columns.tsx'

export interface ConnectionPanelProps {
  readonly id: string
  readonly onClose: () => void
  readonly onEnd: () => void
}

export function ConnectionPanel({ id, onClose, onEnd }: ConnectionPanelProps): JSX.Element {
  const path = `/v1/connections/${id}`
  const { data, problem } = useLive<ConnectionShownJson>(path)
  const isGone = problem?.status === 404
  return (
    <Panel
      title={
        data === undefined ? 'Connection' : <Name value={data.own_name ?? data.name} isCopied />
      }
      label="Connection"
      isWide
      onClose={onClose}
      actions={
        !isGone && (
          <Button kind="danger" onClick={onEnd}>
            Close the connection …
          </Button>
        )
      }
    >
      {isGone && <p role="status">The connection has ended.</p>}
      {problem !== undefined && !isGone && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={12} />}
      {data !== undefined && <Shown connection={data} />}
      {data !== undefined && <AsCommand curl={curlOf('GET', path)} />}
    </Panel>
  )
}

function Shown({ connection }: { readonly connection: ConnectionShownJson }): JSX.Element {
  const { diagnosis, history, channel_list: channels, vhost } = connection
  return (
    <>
      {diagnosis.length > 0 && (
        <ul class="diagnosis-list" aria-label="Diagnosis">
          {diagnosis.map(({ kind, severity, text }) => (
            <li key={kind} class={`diagnosis-${severity}`}>
              {text}
            </li>
          ))}
        </ul>
      )}
      <Chart
        label="Messages a second of this connection"
        times={history.times}
        height={120}
        format={rate}
        series={[
          { label: 'in', values: history.in, hue: 1 },
          { label: 'out', values: history.out, hue: 2, isDashed: true },
          { label: 'acked', values: history.ack, hue: 3 },
        ]}
      />
      <Facts facts={factsOf(connection)} />
      {channels.length > 0 && <Channels channels={channels} vhost={vhost ?? '/'} />}
      <Section title="What the client says of itself">
        <pre class="connection-properties" tabIndex={0}>
          {JSON.stringify(connection.properties, undefined, 2)}
        </pre>
      </Section>
    </>
  )
}

function factsOf(connection: ConnectionShownJson): Fact[] {
  const { user, vhost, host, port, listener, tls, cipher, mechanism, heartbeat } = connection
  const { received, sent, blocked_since: blocked, blocked_reason: why } = connection
  const library = libraryOf(connection)
  const facts: (Fact | undefined)[] = [
    blocked === null
      ? undefined
      : {
          name: 'blocked',
          value: (
            <span class="diagnosis-bad">
              {why}, since <Ago value={blocked} />
            </span>
          ),
        },
    { name: 'user', value: <UserLink user={user} mechanism={mechanism} /> },
    vhost === null ? undefined : { name: 'virtual host', value: <Name value={vhost} /> },
    { name: 'from', value: <code>{`${host}:${port}`}</code> },
    { name: 'to', value: <code>{listener}</code> },
    { name: 'protocol', value: connection.protocol },
    library === '' ? undefined : { name: 'library', value: withPlatform(connection) },
    { name: 'TLS', value: tls === null ? 'none' : `${tls}, ${cipher}` },
    connection.certificate === null
      ? undefined
      : { name: 'certificate', value: <code>{connection.certificate}</code> },
    heartbeat === null
      ? undefined
      : { name: 'heartbeat', value: heartbeat === 0 ? 'off' : `every ${heartbeat} s` },
    { name: 'connected', value: <At value={connection.connected_at} /> },
    {
      name: 'messages',
      value: (
        <>
          <Num value={connection.published} /> published, <Num value={connection.taken} /> got,{' '}
          <Num value={connection.acked} /> acked
        </>
      ),
      hint: 'Since it connected',
    },
    { name: 'bytes', value: `${bytes(received)} from the client, ${bytes(sent)} to it` },
  ]
  return facts.filter((fact) => fact !== undefined)
}

function withPlatform(connection: ConnectionShownJson): string {
  const { platform } = connection
  return platform === null ? libraryOf(connection) : `${libraryOf(connection)} on ${platform}`
}

function UserLink({
  user,
  mechanism,
}: {
  readonly user: string
  readonly mechanism: string | null
}): JSX.Element {
  return (
    <>
      <Name value={user} to={urlOf('/connections', { user })} />
      {mechanism !== null && <span class="soft"> by {mechanism}</span>}
    </>
  )
}

function Channels({
  channels,
  vhost,
}: {
  readonly channels: readonly ChannelJson[]
  readonly vhost: string
}): JSX.Element {
  return (
    <Section title={counted(channels.length, 'channel')}>
      <ul class="channels">
        {channels.map((channel) => (
          <li key={channel.number}>
            <ChannelHead channel={channel} />
            <ul class="channels-consumers">
              {channel.consumers.map(({ tag, queue, ack, active, prefetch }) => (
                <li key={tag}>
                  <span class="soft">consumes</span>{' '}
                  <Name value={queue} to={streamUrl({ vhost, name: queue })} />{' '}
                  <span class="soft">
                    {ack ? `prefetch ${prefetch === 0 ? '∞' : prefetch}` : 'without acks'}
                  </span>
                  {!active && <Badge>waits for its turn</Badge>}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function ChannelHead({ channel }: { readonly channel: ChannelJson }): JSX.Element {
  const { number, unacked, unacked_ms: unackedMs, confirms, unconfirmed, rates } = channel
  return (
    <div class="channels-head">
      <b>Channel {number}</b>
      <span>
        <Rate value={rates.in} /> in, <Rate value={rates.out} /> out
      </span>
      <span>
        <Num value={unacked} /> unacked
        {unackedMs !== null && unacked > 0 && `, the oldest for ${duration(unackedMs)}`}
      </span>
      {confirms && <Badge title={`${unconfirmed} wait for it`}>confirms</Badge>}
      {channel.transactional && <Badge>transactions</Badge>}
    </div>
  )
}
