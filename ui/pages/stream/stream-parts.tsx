// Partitions of a topic, and what leads to a stream and from it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type {
  StreamBindingJson,
  StreamShownJson,
} from '../../../src/admin/v1/stream-show-operations.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { Section } from '../../parts/page.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Bytes, Name, Num } from '../../parts/values.tsx'

type PartitionRow = StreamShownJson['offsets'][number]

const partitionColumns: readonly Column<PartitionRow>[] = [
  { key: 'partition', label: 'Partition', width: '88px', cell: ({ partition }) => partition },
  {
    key: 'start',
    label: 'First offset',
    align: 'end',
    priority: 2,
    cell: ({ start }) => <Num value={start} />,
  },
  { key: 'end', label: 'Next offset', align: 'end', cell: ({ end }) => <Num value={end} /> },
  {
    key: 'messages',
    label: 'Messages',
    align: 'end',
    cell: ({ start, end }) => <Num value={Math.max(0, end - start)} />,
  },
  { key: 'bytes', label: 'On disk', align: 'end', cell: ({ bytes }) => <Bytes value={bytes} /> },
]

const compactedColumn: Column<PartitionRow> = {
  key: 'compacted',
  label: 'Compacted to',
  align: 'end',
  priority: 2,
  cell: ({ compacted }) =>
    compacted === null || compacted.at === null ? (
      'not yet'
    ) : (
      <span title={`${Math.round(compacted.dirty_ratio * 100)} % came later`}>
        <Num value={compacted.end} />
      </span>
    ),
}

function columnsFor({ offsets }: StreamShownJson): readonly Column<PartitionRow>[] {
  const isCompacted = offsets.some(({ compacted }) => compacted !== null)
  return isCompacted ? [...partitionColumns, compactedColumn] : partitionColumns
}

export function Partitions({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [isAdding, setAdding] = useState(false)
  const isTopic = stream.kind === 'topic'
  return (
    <Section
      title={isTopic ? 'Partitions' : 'Logs'}
      actions={
        isTopic &&
        stream.may.configure && <Button onClick={() => setAdding(true)}>Add partitions …</Button>
      }
    >
      <Table
        label={isTopic ? 'Partitions' : 'Logs'}
        columns={columnsFor(stream)}
        rows={rowsOf(stream.offsets)}
        keyOf={({ partition }) => `${partition}`}
        empty={null}
      />
      {isAdding && <AddPartitions stream={stream} onClose={() => setAdding(false)} />}
    </Section>
  )
}

function AddPartitions({
  stream,
  onClose,
}: {
  readonly stream: StreamShownJson
  readonly onClose: () => void
}): JSX.Element {
  const now = stream.partitions
  const [text, setText] = useState(`${now + 1}`)
  const wanted = /^\d{1,6}$/.test(text) ? Number(text) : 0
  const path = apiPath`/v1/streams/${stream.vhost}/${stream.name}/settings`
  const body = { partitions: wanted }
  const run = async (): Promise<void> => {
    await ask('PUT', path, body)
    refresh()
    toast(`${counted(wanted, 'partition')} from now on`)
  }
  return (
    <Confirm
      title="Add partitions"
      effect={`It has ${counted(now, 'partition')}. Keys lead to other partitions afterwards, so messages of one key are in order only within what came before and what comes after. Partitions cannot be taken away again.`}
      verb={wanted > now ? `Add ${counted(wanted - now, 'partition')}` : 'Add partitions'}
      kind="primary"
      curl={curlOf('PUT', path, body)}
      isDisabled={wanted <= now}
      run={run}
      onClose={onClose}
    >
      <Field label="Partitions from now on">
        <input
          type="text"
          inputMode="numeric"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </Field>
    </Confirm>
  )
}

const bindingColumns: readonly Column<StreamBindingJson>[] = [
  { key: 'source', label: 'Exchange', cell: ({ source }) => <Name value={source} /> },
  {
    key: 'key',
    label: 'Routing key',
    cell: ({ routing_key: key }) =>
      key === '' ? <span class="soft">empty</span> : <Name value={key} />,
  },
  {
    key: 'arguments',
    label: 'Arguments',
    priority: 2,
    cell: ({ arguments: args }) =>
      Object.keys(args).length === 0 ? (
        <span class="soft">–</span>
      ) : (
        <code title={JSON.stringify(args)}>{JSON.stringify(args)}</code>
      ),
  },
]

/** What brings messages here, and where they go on to. */
export function Ways({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const { bindings, binding_count: total, subscriptions, vhost } = stream
  const more = total - bindings.length
  return (
    <Section
      title={`Bindings that lead here${total === 0 ? '' : ` (${total.toLocaleString('en')})`}`}
      actions={<a href="/topology">Topology</a>}
    >
      {bindings.length === 0 ? (
        <p class="soft">
          Messages come here by the name of the stream alone: by the default exchange and from Kafka
          clients. <code>pabal bind</code> lets it get others.
        </p>
      ) : (
        <Table
          label="Bindings"
          columns={bindingColumns}
          rows={rowsOf(bindings)}
          keyOf={(binding) => JSON.stringify(binding)}
          empty={null}
        />
      )}
      {more > 0 && <p class="soft">and {more.toLocaleString('en')} more</p>}
      {subscriptions.length > 0 && (
        <p>
          Queues that take their messages from here:{' '}
          {subscriptions.map((queue) => (
            <>
              <Name key={queue} value={queue} to={streamUrl({ vhost, name: queue })} />{' '}
            </>
          ))}
        </p>
      )}
    </Section>
  )
}
