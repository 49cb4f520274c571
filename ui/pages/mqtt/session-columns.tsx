// Columns of the list of sessions.
import type { ComponentChildren } from 'preact'
import type { SessionJson } from '../../../src/admin/v1/mqtt/session-json.ts'
import { duration } from '../../lib/format.ts'
import { Badge } from '../../parts/badge.tsx'
import type { Column } from '../../parts/table.tsx'
import { Ago, Name, Num } from '../../parts/values.tsx'

export const sessionColumns: readonly Column<SessionJson>[] = [
  {
    key: 'client',
    label: 'Client id',
    width: 'clamp(118px, 22vw, 340px)',
    sort: 'client_id',
    cell: ({ client_id: id }) => <Name value={id} />,
  },
  {
    key: 'state',
    label: 'State',
    hint: 'Whether its client is connected, and since when; or how long it has been away',
    width: 'clamp(100px, 13vw, 176px)',
    sort: 'since',
    cell: stateOf,
  },
  {
    key: 'user',
    label: 'User',
    priority: 3,
    sort: 'user',
    cell: ({ user }) => <Name value={user} />,
  },
  {
    key: 'subscriptions',
    label: 'Subscriptions',
    align: 'end',
    width: '112px',
    priority: 2,
    sort: 'subscriptions',
    cell: ({ subscriptions }) => <Num value={subscriptions} />,
  },
  {
    key: 'queued',
    label: 'Queued',
    hint: 'Messages of QoS 1 and 2 that are to be sent to it (pabal_mqtt_session_backlog_messages is the sum)',
    align: 'end',
    width: '88px',
    sort: 'queued',
    cell: ({ queued, connected }) =>
      queued > 0 && !connected ? (
        <span class="mqtt-waits">
          <Num value={queued} hint="They wait for its client" />
        </span>
      ) : (
        <Num value={queued} />
      ),
  },
  {
    key: 'in_flight',
    label: 'In flight',
    hint: 'Messages that its client has not answered',
    align: 'end',
    width: '80px',
    priority: 3,
    sort: 'in_flight',
    cell: ({ in_flight: value }) => <Num value={value} />,
  },
  {
    key: 'expiry',
    label: 'Lasts',
    hint: 'How long it outlives its connection; of one that is away, when it ends',
    align: 'end',
    width: '128px',
    priority: 3,
    sort: 'expiry_seconds',
    cell: lastsOf,
  },
  {
    key: 'will',
    label: 'Will',
    hint: 'The topic of what is published when its client is gone',
    priority: 3,
    cell: ({ will }) => (will === null ? <span class="soft">–</span> : <Name value={will} />),
  },
]

function stateOf({ connected, since }: SessionJson): ComponentChildren {
  return (
    <span class="mqtt-state">
      <Badge tone={connected ? 'good' : 'plain'}>{connected ? 'connected' : 'away'}</Badge>
      <Ago value={since} />
    </span>
  )
}

/** `ends in 3 h`, `1 d after it`, `for ever`. */
export function lastsOf({
  expiry_seconds: seconds,
  ends_at: endsAt,
}: Pick<SessionJson, 'expiry_seconds' | 'ends_at'>): ComponentChildren {
  if (endsAt !== null) {
    return (
      <>
        ends <Ago value={endsAt} />
      </>
    )
  }
  if (seconds === null) return 'for ever'
  return seconds === 0 ? <span class="soft">not longer</span> : `${duration(seconds * 1000)} longer`
}
