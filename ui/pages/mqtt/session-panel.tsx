// One session: whose it is, how long it lasts, what waits in it, and what it has subscribed to.
import type { JSX } from 'preact'
import type { SessionShownJson, SubscriptionJson } from '../../../src/admin/v1/mqtt/session-json.ts'
import { curlOf, shellQuoted } from '../../lib/api.ts'
import { bytes, counted, duration } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { urlOf } from '../../lib/router.ts'
import { rowsOf } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { Empty, ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago, Name, Num } from '../../parts/values.tsx'
import type { ChangeVerb } from './change-sessions.tsx'
import { lastsOf } from './session-columns.tsx'

export interface SessionPanelProps {
  readonly place: { readonly vhost: string; readonly client_id: string }
  readonly onChange: (verb: ChangeVerb) => void
  readonly onClose: () => void
}

export function SessionPanel({ place, onChange, onClose }: SessionPanelProps): JSX.Element {
  const { vhost, client_id: id } = place
  const path = apiPath`/v1/mqtt/sessions/${vhost}/${id}`
  const { data, problem } = useLive<SessionShownJson>(path)
  const isGone = problem?.status === 404
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  return (
    <Panel
      title={<Name value={id} isCopied />}
      label={`Session ${plainName(id)}`}
      isWide
      onClose={onClose}
      {...(data !== undefined &&
        !isGone && { actions: <Actions session={data} onChange={onChange} /> })}
    >
      {isGone && (
        <Empty
          title="No such session"
          text="It has ended: its client left for good, did not come back in time, or somebody deleted it."
        />
      )}
      {data === undefined && problem !== undefined && !isGone && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={8} />}
      {data !== undefined && !isGone && <Shown session={data} />}
      <AsCommand cli={`pabal mqtt session ${shellQuoted(id)}${where}`} curl={curlOf('GET', path)} />
    </Panel>
  )
}

function Actions({
  session: { connected, may },
  onChange,
}: {
  readonly session: SessionShownJson
  readonly onChange: (verb: ChangeVerb) => void
}): JSX.Element {
  return (
    <>
      <Button isDisabled={!may.change || !connected} onClick={() => onChange('disconnect')}>
        Disconnect …
      </Button>
      <Button kind="danger" isDisabled={!may.change} onClick={() => onChange('delete')}>
        Delete the session …
      </Button>
      {!may.change && <span class="soft">Only administrators change sessions of others.</span>}
    </>
  )
}

function Shown({ session }: { readonly session: SessionShownJson }): JSX.Element {
  const { subscription_list: subscriptions, subscriptions: count } = session
  const more = count - subscriptions.length
  return (
    <>
      <Facts facts={factsOf(session)} />
      <Section
        title={counted(count, 'subscription')}
        actions={more > 0 && <span class="soft">the first {subscriptions.length}</span>}
      >
        <Table
          label="Subscriptions"
          columns={subscriptionColumns}
          rows={rowsOf(subscriptions)}
          keyOf={({ filter }) => filter}
          empty={<p class="soft">It has subscribed to nothing: it only publishes.</p>}
        />
      </Section>
    </>
  )
}

function factsOf(session: SessionShownJson): Fact[] {
  const { connected, since, user, connection, vhost, queue, will_facts: will } = session
  const facts: (Fact | false)[] = [
    {
      name: 'state',
      value: (
        <>
          <Badge tone={connected ? 'good' : 'plain'}>{connected ? 'connected' : 'away'}</Badge>{' '}
          <Ago value={since} />
        </>
      ),
    },
    { name: 'user', value: <Name value={user} to={urlOf('/mqtt', { user })} /> },
    { name: 'virtual host', value: <Name value={vhost} /> },
    connection !== null && {
      name: 'connection',
      value: <Name value={connection} to={urlOf('/connections', { q: connection })} />,
    },
    { name: 'lasts', value: lastsOf(session), hint: 'How long it outlives its connection' },
    {
      name: 'queue',
      value:
        queue === null ? (
          <span class="soft">none: it asks for no message of QoS 1 or 2</span>
        ) : (
          <Name value={queue} to={streamUrl({ vhost, name: queue })} />
        ),
    },
    {
      name: 'messages',
      value: (
        <>
          <Num value={session.queued} /> queued, <Num value={session.in_flight} /> in flight
        </>
      ),
      hint: 'To be sent to it; sent, and not answered',
    },
    (session.qos2_received > 0 || session.qos2_released > 0) && {
      name: 'QoS 2',
      value: (
        <>
          <Num value={session.qos2_received} /> ids received, <Num value={session.qos2_released} />{' '}
          released
        </>
      ),
      hint: 'Ids of messages that are between two of their steps, in either direction',
    },
    will !== null && { name: 'will', value: <Will will={will} /> },
  ]
  return facts.filter((fact) => fact !== false)
}

function Will({
  will,
}: {
  readonly will: NonNullable<SessionShownJson['will_facts']>
}): JSX.Element {
  const { topic, bytes: size, retained, delay_seconds: delay } = will
  return (
    <>
      <Name value={topic} isCopied /> <span class="soft">{bytes(size)}</span>{' '}
      {retained && <Badge>retained</Badge>}
      {delay > 0 && <span class="soft"> {duration(delay * 1000)} after its client is gone</span>}
    </>
  )
}

const subscriptionColumns: readonly Column<SubscriptionJson>[] = [
  {
    key: 'filter',
    label: 'Topic filter',
    cell: ({ filter, topic_filter: plain, group }) => (
      <span class="mqtt-state">
        <Name value={plain} to={urlOf('/mqtt', { tab: 'test', filter })} />
        {group !== null && <Badge title={filter}>shared by {group}</Badge>}
      </span>
    ),
  },
  { key: 'qos', label: 'QoS', width: '52px', align: 'end', cell: ({ qos }) => <Num value={qos} /> },
  { key: 'options', label: 'Options', width: '40%', priority: 2, cell: optionsOf },
]

const retainHandlings = ['', 'retained ones only when it is new', 'no retained ones'] as const

function optionsOf(subscription: SubscriptionJson): string {
  const words = [
    subscription.no_local && 'not its own messages',
    subscription.retain_as_published && 'shows which are retained',
    retainHandlings[subscription.retain_handling],
    subscription.id !== null && `number ${subscription.id}`,
  ]
  return words.filter((word) => word !== false && word !== '' && word !== undefined).join(', ')
}
