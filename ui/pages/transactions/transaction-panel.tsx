// One transactional id: what its transaction writes to, who waits for it, and its end by hand.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type {
  TransactionPartJson,
  TransactionShownJson,
} from '../../../src/admin/v1/transaction-operations.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { now, refresh, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { Empty, ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Ago, Duration, Name, Num } from '../../parts/values.tsx'
import { abortEffect, openMsOf, seconds, stateOf } from './transaction-words.ts'
import './transactions.css'

export function TransactionPanel({
  id,
  onClose,
}: {
  readonly id: string
  readonly onClose: () => void
}): JSX.Element {
  const [isAborting, setAborting] = useState(false)
  const path = apiPath`/v1/transactions/${id}`
  const { data, problem } = useLive<TransactionShownJson>(path)
  const isGone = problem?.status === 404
  return (
    <Panel
      title={<Name value={id} isCopied />}
      label={`Transactional id ${plainName(id)}`}
      isWide
      onClose={onClose}
      {...(data?.state === 'Ongoing' && {
        actions: (
          <>
            <Button kind="danger" isDisabled={!data.may.abort} onClick={() => setAborting(true)}>
              Abort the transaction …
            </Button>
            {!data.may.abort && <span class="soft">You may not write with this id.</span>}
          </>
        ),
      })}
    >
      {isGone && (
        <Empty
          title="No such transactional id"
          text="It has expired, or you may not see it. Ids that nobody uses are forgotten after a week."
        />
      )}
      {data === undefined && problem !== undefined && !isGone && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={6} />}
      {data !== undefined && !isGone && <Shown transaction={data} />}
      <AsCommand cli={`pabal transaction describe ${shellQuoted(id)}`} curl={curlOf('GET', path)} />
      {isAborting && data !== undefined && (
        <Abort transaction={data} onClose={() => setAborting(false)} />
      )}
    </Panel>
  )
}

function Shown({ transaction }: { readonly transaction: TransactionShownJson }): JSX.Element {
  const { state, partition_list: parts, group_list: groups } = transaction
  const isOpen = state === 'Ongoing'
  return (
    <>
      <Facts facts={factsOf(transaction)} />
      {(isOpen || parts.length > 0) && (
        <Section title="Partitions">
          <Table
            label="Partitions that it writes to"
            columns={partColumns}
            rows={rowsOf(parts)}
            keyOf={({ topic, partition }) => `${partition}.${topic}`}
            empty={<p class="soft">It has written to none.</p>}
          />
        </Section>
      )}
      {groups.length > 0 && (
        <Section title="Commits offsets of">
          <ul class="transaction-groups">
            {groups.map((group) => (
              <li key={group}>
                <Name value={group} isCopied />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

function factsOf(transaction: TransactionShownJson): Fact[] {
  const { state, timeout_ms: timeoutMs, started, amqp } = transaction
  const openMs = openMsOf(transaction, now.value)
  const { text, tone, hint } = stateOf(state, openMs)
  const facts: (Fact | false)[] = [
    { name: 'State', value: <Badge tone={tone}>{text}</Badge>, hint },
    openMs !== undefined && { name: 'Open for', value: seconds(openMs) },
    openMs !== undefined && {
      name: 'Aborted by itself',
      value: leftWords(timeoutMs - openMs),
      hint: 'When its time-out is over, which its producer sets (transaction.timeout.ms)',
    },
    { name: 'Time-out', value: <Duration value={timeoutMs} /> },
    started !== null && { name: 'Last began', value: <Ago value={started} /> },
    openMs !== undefined && {
      name: 'Holds back',
      value: counted(heldBackIn(transaction), 'record'),
      hint: 'Records that readers of committed ones do not see yet, for this transaction or another one in the same partitions',
    },
    amqp.messages + amqp.acks > 0 && {
      name: 'Over AMQP',
      value: `${counted(amqp.messages, 'message')} published, ${count(amqp.acks)} acked`,
      hint: 'By connections that have joined it; held until it ends',
    },
    {
      name: 'Producer',
      value: `${transaction.producer_id}, epoch ${transaction.epoch}`,
      hint: 'Who comes with another epoch is fenced',
    },
    {
      name: 'Protocol',
      value: transaction.version === 2 ? 'version 2: each end raises the epoch' : 'version 1',
      hint: 'KIP-890',
    },
  ]
  return facts.filter((fact) => fact !== false)
}

function leftWords(ms: number): string {
  return ms <= 0 ? 'any moment' : `in ${seconds(ms)}`
}

function heldBackIn({ partition_list: parts }: TransactionShownJson): number {
  return parts.reduce((sum, part) => sum + part.held_back, 0)
}

const partColumns: readonly Column<TransactionPartJson>[] = [
  {
    key: 'topic',
    label: 'Topic',
    cell: ({ topic }) => (
      <Name value={topic} to={streamUrl({ vhost: '/', name: topic }, 'messages')} />
    ),
  },
  {
    key: 'partition',
    label: 'Partition',
    width: '88px',
    align: 'end',
    cell: ({ partition }) => <Num value={partition} />,
  },
  {
    key: 'first',
    label: 'Began at',
    hint: 'The offset of its first record there',
    align: 'end',
    cell: ({ first_offset: first }) => <Num value={first} />,
  },
  {
    key: 'stable',
    label: 'Readers come to',
    hint: 'The last stable offset: readers of committed records come so far',
    align: 'end',
    priority: 2,
    cell: ({ last_stable_offset: stable }) => <Num value={stable} />,
  },
  { key: 'end', label: 'End', align: 'end', priority: 2, cell: ({ end }) => <Num value={end} /> },
  {
    key: 'held',
    label: 'Held back',
    hint: 'Records that they have to wait for',
    align: 'end',
    width: '96px',
    cell: ({ held_back: held }) => <Num value={held} />,
  },
]

function Abort({
  transaction,
  onClose,
}: {
  readonly transaction: TransactionShownJson
  readonly onClose: () => void
}): JSX.Element {
  const { name, partitions, groups, amqp } = transaction
  const path = apiPath`/v1/transactions/${name}/abort`
  const run = async (): Promise<void> => {
    await ask('POST', path, {})
    refresh()
    toast(`Aborted the transaction of ${plainName(name)}`)
  }
  return (
    <Confirm
      title={`Abort the transaction of ${plainName(name)}`}
      effect={abortEffect({ partitions, groups, heldBack: heldBackIn(transaction), ...amqp })}
      verb="Abort the transaction"
      cli={`pabal transaction abort ${shellQuoted(name)}`}
      curl={curlOf('POST', path, {})}
      run={run}
      onClose={onClose}
    >
      {partitions > 0 && <AbortedParts parts={transaction.partition_list} />}
    </Confirm>
  )
}

const namedMax = 8

/** Where it has written, the first few. */
function AbortedParts({ parts }: { readonly parts: readonly TransactionPartJson[] }): JSX.Element {
  const more = parts.length - namedMax
  return (
    <ul class="transaction-aborted">
      {parts.slice(0, namedMax).map(({ topic, partition, first_offset: first }) => (
        <li key={`${partition}.${topic}`}>
          <Name value={topic} /> <span class="soft">partition {partition}</span>
          {first !== null && <span class="soft"> from offset {count(first)} on</span>}
        </li>
      ))}
      {more > 0 && <li class="soft">and {count(more)} more</li>}
    </ul>
  )
}
