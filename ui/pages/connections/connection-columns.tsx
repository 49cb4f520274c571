// Columns of the list of connections.
import type { ComponentChildren, JSX } from 'preact'
import type { ConnectionJson } from '../../../src/admin/v1/connections/connection-json.ts'
import { Badge, ProtocolBadge, type ProtocolMark } from '../../parts/badge.tsx'
import type { Column } from '../../parts/table.tsx'
import { Ago, Name, Num, Rate } from '../../parts/values.tsx'

/** By the first word of what it speaks: behind it is the version of some. */
const marks: Readonly<Record<string, ProtocolMark>> = {
  AMQP: 'AM',
  Kafka: 'KA',
  MQTT: 'MQ',
  STOMP: 'ST',
  HTTP: 'HT',
}

export const connectionColumns: readonly Column<ConnectionJson>[] = [
  {
    key: 'client',
    label: 'Client',
    hint: 'What it calls itself, else its address; and its library',
    width: 'clamp(200px, 18vw, 300px)',
    sort: 'own_name',
    cell: (connection) => <Client connection={connection} />,
  },
  {
    key: 'diagnosis',
    label: 'Diagnosis',
    hint: 'What it makes harder for itself than it has to be',
    priority: 2,
    cell: diagnosisOf,
  },
  {
    key: 'user',
    label: 'User, from',
    width: '184px',
    priority: 3,
    sort: 'user',
    cell: ({ user, host, port }) => (
      <span class="connection-client">
        <Name value={user} />
        <span class="soft connection-library">
          {host}:{port}
        </span>
      </span>
    ),
  },
  {
    key: 'in',
    label: 'In',
    hint: 'Messages that it publishes a second',
    align: 'end',
    width: '76px',
    priority: 2,
    sort: 'rates.in',
    cell: ({ rates, published }) => (
      <Rate value={rates.in} hint={`${published} since it connected`} />
    ),
  },
  {
    key: 'out',
    label: 'Out',
    hint: 'Messages that it gets a second',
    align: 'end',
    width: '76px',
    sort: 'rates.out',
    cell: ({ rates, taken }) => <Rate value={rates.out} hint={`${taken} since it connected`} />,
  },
  {
    key: 'consumers',
    label: 'Consumers',
    align: 'end',
    width: '88px',
    priority: 3,
    sort: 'consumers',
    cell: ({ consumers, protocol }) => <Num value={protocol === 'Kafka' ? undefined : consumers} />,
  },
  {
    key: 'unacked',
    label: 'Unacked',
    hint: 'Deliveries that it has not acked yet, and how many its consumers may have',
    align: 'end',
    width: '104px',
    priority: 3,
    sort: 'unacked',
    cell: unackedOf,
  },
  {
    key: 'since',
    label: 'Since',
    hint: 'When it connected',
    align: 'end',
    width: '84px',
    priority: 3,
    sort: 'connected_at',
    cell: ({ connected_at: time }) => <Ago value={time} />,
  },
]

function Client({ connection }: { readonly connection: ConnectionJson }): JSX.Element {
  const { protocol, own_name: own, host, port, state, tls } = connection
  const mark = marks[protocol.split(' ')[0] ?? '']
  return (
    <span class="connection-client">
      {mark !== undefined && <ProtocolBadge mark={mark} />}
      <Name value={own ?? `${host}:${port}`} />
      {state === 'blocked' && <Badge tone="bad">blocked</Badge>}
      {tls !== null && <Badge title={tls}>TLS</Badge>}
      <span class="soft connection-library">{libraryOf(connection)}</span>
    </span>
  )
}

/** `pika 1.4.4`; of HTTP what the program says it is. */
export function libraryOf({ product, version }: ConnectionJson): string {
  if (product === null) return ''
  return version === null ? product : `${product} ${version}`
}

function diagnosisOf({ diagnosis, state, ...blocked }: ConnectionJson): ComponentChildren {
  if (state === 'blocked') {
    return <span class="diagnosis diagnosis-bad">waits to publish: {blocked.blocked_reason}</span>
  }
  const [first, ...others] = diagnosis
  if (first === undefined) return null
  const all = diagnosis.map(({ text }) => text).join('\n')
  return (
    <span class={`diagnosis diagnosis-${first.severity}`} title={all}>
      {first.text}
      {others.length > 0 && <span class="soft"> and {others.length} more</span>}
    </span>
  )
}

function unackedOf({ unacked, prefetch, protocol }: ConnectionJson): ComponentChildren {
  if (protocol === 'Kafka') return <Num value={undefined} />
  if (prefetch === null) return <Num value={unacked} />
  return (
    <>
      <Num value={unacked} />
      <span class="soft"> of {prefetch === 0 ? '∞' : prefetch}</span>
    </>
  )
}
