// Storage: how long the disk will do, what takes it, and how long it takes to write.
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { StorageJson } from '../../../src/admin/v1/storage-json.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { bytes, count, duration } from '../../lib/format.ts'
import { refresh, useLive } from '../../lib/live.ts'
import { urlOf } from '../../lib/router.ts'
import { rowsOf } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Chart } from '../../parts/chart.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Bar, Facts, Stat, Stats } from '../../parts/facts.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Ago, Bytes, Name, Num } from '../../parts/values.tsx'
import { BackupDialog } from './backup.tsx'
import { CommitLatency } from './commit-latency.tsx'
import { isOfCluster, spaceSentence, toneOf } from './sentences.ts'
import './storage.css'

export function StoragePage(): JSX.Element {
  const { data, problem } = useLive<StorageJson>('/v1/storage')
  const [isBackingUp, setBackingUp] = useState(false)
  const [isDraining, setDraining] = useState(false)
  return (
    <Page
      title="Storage"
      says={data && spaceSentence(data)}
      actions={
        data && (
          <>
            {data.maintenance ? (
              <Button onClick={() => void revive()}>Let clients in again</Button>
            ) : (
              <Button onClick={() => setDraining(true)}>Drain</Button>
            )}
            {data.disk !== null && data.data_folder !== null && (
              <Button kind="primary" onClick={() => setBackingUp(true)}>
                Take a backup
              </Button>
            )}
          </>
        )
      }
      command={<AsCommand cli="pabal doctor" curl={curlOf('GET', '/v1/storage')} />}
    >
      {problem !== undefined && data === undefined && <ProblemNote problem={problem} />}
      {problem === undefined && data === undefined && <Skeleton lines={8} />}
      {data && <Body storage={data} />}
      {isBackingUp && <BackupDialog onClose={() => setBackingUp(false)} />}
      {isDraining && <Drain onClose={() => setDraining(false)} />}
    </Page>
  )
}

async function revive(): Promise<void> {
  await ask('DELETE', '/v1/maintenance').catch((error: unknown) => toast(String(error)))
  refresh()
}

function Body({ storage }: { readonly storage: StorageJson }): JSX.Element {
  const { disk, log, memory } = storage
  const isNode = isOfCluster(storage)
  return (
    <>
      {storage.maintenance && (
        <p>
          <Badge tone="look">maintenance</Badge> Clients are kept out, and what is stored does not
          change. A restart ends it, too.
        </p>
      )}
      {disk && log && <Disk storage={storage} disk={disk} log={log} />}
      <Columns>
        <Section title={isNode ? 'What is kept' : 'What takes the disk'}>
          <Largest storage={storage} />
        </Section>
        <Section
          title={isNode ? 'How long a commit takes' : 'How long the disk takes for a commit'}
        >
          <CommitLatency
            commits={storage.commits}
            durability={isNode ? 'postgres' : storage.durability}
          />
        </Section>
      </Columns>
      <Columns>
        {log && (
          <Section title="Log">
            <LogFacts storage={storage} log={log} />
          </Section>
        )}
        <Section title="Memory">
          <Memory memory={memory} />
        </Section>
      </Columns>
    </>
  )
}

function Columns({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <div class="storage-columns">{children}</div>
}

interface DiskProps {
  readonly storage: StorageJson
  readonly disk: NonNullable<StorageJson['disk']>
  readonly log: NonNullable<StorageJson['log']>
}

function Disk({ storage, disk, log }: DiskProps): JSX.Element {
  const { forecast, history } = storage
  const isNode = isOfCluster(storage)
  const tone = toneOf(storage)
  const logSize = log.wal_bytes + log.cleaned_bytes
  const pace = forecast.direction === 'unknown' ? '–' : paceOf(forecast.bytes_per_second)
  return (
    <div class="storage-disk">
      <Stats>
        <Stat
          label={isNode ? 'Room for what waits for the store of objects' : 'Free on the disk'}
          value={bytes(disk.free)}
          tone={tone}
          hint="pabal_disk_free_bytes"
        >
          of {bytes(disk.size)}
          {isNode && ', in the fullest cell'}
          <Bar
            share={1 - disk.free / disk.size}
            label={isNode ? 'Share of the room that is used' : 'Share of the disk that is used'}
            tone={tone}
          />
        </Stat>
        <Stat
          label="Publishers are blocked below"
          value={bytes(disk.blocked_at)}
          hint="--disk-free-limit; pabal_disk_free_limit_bytes"
        >
          {bytes(Math.max(0, disk.free - disk.blocked_at))} until then
        </Stat>
        <Stat
          label="Free space changes by"
          value={pace}
          hint="A line through what was seen; it is told as steady where the change is no more than noise"
        >
          {forecast.direction === 'unknown'
            ? 'too short a look yet'
            : `over the last ${duration(forecast.over_seconds * 1000)}`}
        </Stat>
        <Stat label="Files of the log" value={bytes(logSize)} hint="pabal_log_file_bytes">
          {bytes(Math.min(log.living_bytes, logSize))} of it still kept
          <Bar
            share={logSize === 0 ? 0 : log.living_bytes / logSize}
            label="Share of the log's files that queues and topics still keep"
          />
        </Stat>
      </Stats>
      <Chart
        label="Free space and the log's files"
        times={history.map(({ time }) => time)}
        series={[
          { label: 'free', values: history.map(({ free }) => free), hue: 1 },
          { label: 'log', values: history.map((moment) => moment.log), hue: 2, isDashed: true },
        ]}
        format={bytes}
        height={140}
      />
    </div>
  )
}

function paceOf(bytesPerSecond: number): string {
  if (bytesPerSecond === 0) return '0 B/s'
  const sign = bytesPerSecond < 0 ? '−' : '+'
  return `${sign}${bytes(Math.abs(bytesPerSecond))}/s`
}

type Largest = StorageJson['largest'][number]

function Largest({ storage }: { readonly storage: StorageJson }): JSX.Element {
  return (
    <Table
      label="Largest streams"
      columns={largestColumns}
      rows={rowsOf(storage.largest)}
      keyOf={({ vhost, name }) => JSON.stringify([vhost, name])}
      empty={<p class="soft">No stream keeps anything on the disk.</p>}
    />
  )
}

const largestColumns: readonly Column<Largest>[] = [
  {
    key: 'name',
    label: 'Stream',
    cell: ({ vhost, name }) => (
      <>
        <Name value={name} to={urlOf('/stream', { vhost, name })} />
        {vhost !== '/' && <span class="soft"> in {vhost}</span>}
      </>
    ),
  },
  {
    key: 'bytes',
    label: 'Bytes',
    hint: 'Of its messages with their headers, in the log',
    align: 'end',
    width: '90px',
    cell: (stream) => <Bytes value={stream.bytes} />,
  },
  {
    key: 'messages',
    label: 'Messages',
    align: 'end',
    width: '96px',
    cell: ({ messages }) => <Num value={messages} />,
  },
  {
    key: 'keeps',
    label: 'Keeps',
    width: '150px',
    priority: 3,
    cell: (stream) => <span class="soft">{keepsInWords(stream)}</span>,
  },
]

function keepsInWords(stream: Largest): string {
  const { kind, retention_ms: age, retention_bytes: size } = stream
  if (kind === 'queue') return 'until acked'
  const limits = [
    ...(age === null ? [] : [duration(age)]),
    ...(size === null ? [] : [`${bytes(size)} each`]),
  ]
  return limits.length === 0 ? 'everything' : limits.join(' or ')
}

function confirmedInWords(storage: StorageJson): string {
  if (isOfCluster(storage)) return 'committed by PostgreSQL: it survives the loss of any node'
  return storage.durability === 'fsync'
    ? 'on the disk: it survives a power cut (fsync)'
    : 'written to the system: it survives a crash of the broker only (os)'
}

function LogFacts({ storage, log }: Pick<DiskProps, 'storage' | 'log'>): JSX.Element {
  const { last_backup: backup } = storage
  return (
    <Facts
      facts={[
        {
          name: 'Folder',
          value:
            storage.data_folder === null ? (
              'none: PostgreSQL and a store of objects have all of it'
            ) : (
              <code>{storage.data_folder}</code>
            ),
        },
        {
          name: 'Confirmed means',
          value: confirmedInWords(storage),
          hint: isOfCluster(storage) ? undefined : '--durability',
        },
        { name: 'Profile', value: storage.profile, hint: '--profile; see docs/profiles.md' },
        {
          name: 'Files',
          value: `${count(log.wal_files)} written to, ${bytes(log.wal_bytes)}; ${count(log.cleaned_files)} cleaned, ${bytes(log.cleaned_bytes)}`,
        },
        {
          name: 'Cleaning',
          value: log.cleaning
            ? 'a file is being copied out of'
            : `rests; ${bytes(log.bytes_freed)} given back since the start`,
          hint: 'Files that are mostly dead are copied out of and deleted',
        },
        {
          name: 'Checkpoints',
          value: log.writing_checkpoint
            ? 'one is being written'
            : `${count(log.checkpoints)} since the start`,
          hint: 'A start reads what came after the last one',
        },
        {
          name: 'On its way to the disk',
          value: <Bytes value={log.uncommitted_bytes} hint="pabal_log_uncommitted_bytes" />,
        },
        {
          name: 'Last backup',
          value:
            backup === null ? (
              'none since the start'
            ) : (
              <>
                {backup.ended === null ? 'under way, ' : backup.whole ? '' : 'broken off, '}
                {bytes(backup.bytes)}, <Ago value={backup.ended ?? backup.started} />
              </>
            ),
        },
        { name: 'Format', value: `version ${log.format_version}, Pabal ${storage.version}` },
      ]}
    />
  )
}

const heldWords: Readonly<Record<string, string>> = {
  input: 'Parts of messages and requests',
  parked: 'Messages that wait to be published',
  output: 'Answers that nobody reads yet',
  unacked: 'Deliveries without an ack',
}

function Memory({ memory }: { readonly memory: StorageJson['memory'] }): JSX.Element {
  const share = memory.in_use / memory.blocked_at
  return (
    <>
      <Stats>
        <Stat
          label="In use"
          value={bytes(memory.in_use)}
          tone={share >= 1 ? 'bad' : share > 0.85 ? 'look' : 'plain'}
          hint="pabal_memory_in_use_bytes"
        >
          publishers are blocked above {bytes(memory.blocked_at)}
          <Bar share={share} label="Share of the memory limit that is in use" />
        </Stat>
        <Stat
          label="Taken from the system"
          value={bytes(memory.resident)}
          hint="pabal_memory_resident_bytes"
        >
          what was freed is kept for the next
        </Stat>
      </Stats>
      <Facts
        facts={memory.held.map(({ kind, bytes: held, limit }) => ({
          name: heldWords[kind] ?? kind,
          value: (
            <>
              <Bytes value={held} hint={`pabal_memory_held_bytes{kind="${kind}"}`} />
              {limit > 0 && <span class="soft"> of {bytes(limit)}</span>}
            </>
          ),
        }))}
      />
    </>
  )
}

function Drain({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { data } = useLive<{ readonly object_totals?: { readonly connections?: number } }>(
    '/overview?columns=object_totals.connections',
  )
  const connections = data?.object_totals?.connections ?? 0
  return (
    <Confirm
      title="Drain the broker"
      effect={
        <>
          Closes the AMQP and Kafka ports and sends {connections === 0 ? 'no' : count(connections)}{' '}
          {connections === 1 ? 'client' : 'clients'} away, without losing a message. This page
          stays. Let them in again here, or by a restart.
        </>
      }
      verb="Drain the broker"
      cli="pabal drain"
      curl={curlOf('PUT', '/v1/maintenance')}
      run={async () => {
        await ask('PUT', '/v1/maintenance')
        refresh()
      }}
      onClose={onClose}
    />
  )
}
