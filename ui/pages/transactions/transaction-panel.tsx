// One transaction: what it writes to, what it holds back, and its end.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type {
  TransactionPartJson,
  TransactionShownJson,
} from '../../../src/admin/v1/transaction-operations.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted, duration } from '../../lib/format.ts'
import { refresh, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Name, Num } from '../../parts/values.tsx'

interface PanelProps {
  readonly id: string
  readonly onClose: () => void
}

export function TransactionPanel({ id, onClose }: PanelProps): JSX.Element {
  const path = apiPath`/v1/transactions/${id}`
  const { data, problem } = useLive<TransactionShownJson>(path)
  const [isEnding, setEnding] = useState(false)
  return (
    <Panel
      title={<Name value={id} isCopied />}
      label={`Transaction ${plainName(id)}`}
      onClose={onClose}
      actions={
        <Button
          isDisabled={data?.state !== 'Ongoing' || !data.may.abort}
          onClick={() => setEnding(true)}
        >
          Abort …
        </Button>
      }
    >
      {problem && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={6} />}
      {data && <Shown transaction={data} />}
      <AsCommand cli={`pabal transaction describe ${shellQuoted(id)}`} curl={curlOf('GET', path)} />
      {isEnding && data && <AbortIt transaction={data} onClose={() => setEnding(false)} />}
    </Panel>
  )
}

function Shown({ transaction }: { readonly transaction: TransactionShownJson }): JSX.Element {
  const { state, open_ms: openMs, timeout_ms: timeoutMs, acks, publishes } = transaction
  const { producer_id: producerId, epoch, group_list: groups, partition_list: parts } = transaction
  return (
    <>
      <Facts
        facts={[
          { name: 'State', value: state },
          { name: 'Open for', value: openMs === null ? 'not open' : duration(openMs) },
          { name: 'Aborted after', value: duration(timeoutMs) },
          { name: 'Producer and epoch', value: `${producerId}, ${epoch}` },
          { name: 'Acks of AMQP', value: <Num value={acks} /> },
          { name: 'Messages of AMQP', value: <Num value={publishes} /> },
          { name: 'Offsets of groups', value: groups.length === 0 ? 'none' : groups.join(', ') },
        ]}
      />
      {parts.length > 0 && (
        <Section title="Partitions">
          <Table
            label="Partitions"
            columns={partColumns}
            rows={rowsOf(parts)}
            keyOf={({ topic, partition }) => `${partition} ${topic}`}
            empty={null}
          />
        </Section>
      )}
    </>
  )
}

const partColumns: readonly Column<TransactionPartJson>[] = [
  {
    key: 'topic',
    label: 'Topic',
    cell: ({ topic }) => <Name value={topic} to={streamUrl({ vhost: '/', name: topic })} />,
  },
  {
    key: 'partition',
    label: 'Partition',
    align: 'end',
    width: '80px',
    cell: ({ partition }) => partition,
  },
  {
    key: 'held',
    label: 'Held back',
    hint: 'Records that readers of committed ones wait for',
    align: 'end',
    width: '96px',
    cell: ({ held_back: held }) => <Num value={held} />,
  },
]

function AbortIt({
  transaction,
  onClose,
}: {
  readonly transaction: TransactionShownJson
  readonly onClose: () => void
}): JSX.Element {
  const { name, partitions, acks } = transaction
  const path = apiPath`/v1/transactions/${name}/abort`
  return (
    <Confirm
      title="Abort a transaction"
      effect={
        <>
          What <code>{name}</code> has written to {counted(partitions, 'partition')} is never read
          as committed, and its producer is fenced.
          {acks > 0 && ` ${counted(acks, 'acked message')} of AMQP will come back.`}
        </>
      }
      verb="Abort the transaction"
      cli={`pabal transaction abort ${shellQuoted(name)}`}
      curl={curlOf('POST', path, {})}
      run={async () => {
        await ask('POST', path, {})
        toast('The transaction was aborted')
        refresh()
      }}
      onClose={onClose}
    />
  )
}
