// Dead letters of all streams: what died, why and where, in groups, and what can be done with each.
import type { JSX } from 'preact'
import type { DeadLetterQueueJson } from '../../../src/admin/v1/dead-letter-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { count, counted, duration } from '../../lib/format.ts'
import { type Live, useLive } from '../../lib/live.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage, rowsOf } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Chip } from '../../parts/chips.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'
import { clausesOf, type Group, whyOf } from './death-groups.ts'
import { GroupPanel } from './group-panel.tsx'
import { GroupTable } from './group-table.tsx'
import { ReadingNote } from './reading-note.tsx'
import { type Deaths, useDeaths } from './use-deaths.ts'
import { useOpenGroup } from './use-open-group.ts'
import './deaths.css'

/** Streams that are looked into at once; the others have pages of their own. */
const lookedIntoMax = 20
const listPath = '/v1/dead-letters?page=1&page_size=500&sort=messages&sort_reverse=true'

export function DeathsPage(): JSX.Element {
  const list = useLive<ListPage<DeadLetterQueueJson>>(listPath)
  const streams = list.data?.items
  const deaths = useDeaths(
    streams
      ?.filter(({ messages, retries_after_ms: retry }) => messages > 0 && retry === null)
      .slice(0, lookedIntoMax)
      .map(({ vhost, queue: name, messages }) => ({ vhost, name, messages })),
  )
  const [why, setWhy] = useParam('why')
  const [openKey] = useParam('group')
  const shown = deaths.groups?.filter((group) => why === undefined || whyOf(group) === why)
  const open = useOpenGroup(deaths.groups)
  return (
    <Page
      title="Dead letters"
      says={<Sentence deaths={deaths} streams={streams} />}
      filters={<WhyChips groups={deaths.groups} why={why} setWhy={setWhy} />}
      command={<AsCommand cli="pabal dlq list" curl={curlOf('GET', '/v1/dead-letters')} />}
    >
      <div class="deaths">
        <ReadingNote deaths={deaths} />
        <GroupTable
          groups={shown}
          openKey={openKey}
          onOpen={(key) => pushParams({ group: key })}
          empty={<NothingDied why={why} />}
        />
      </div>
      <StreamList list={list} />
      {open !== undefined && (
        <GroupPanel
          key={open.key}
          group={open}
          isTopic={isTopic(streams, open)}
          onClose={() => setParams({ group: undefined, job: undefined })}
        />
      )}
    </Page>
  )
}

function isTopic(streams: readonly DeadLetterQueueJson[] | undefined, { stream }: Group): boolean {
  const found = streams?.find(({ vhost, queue }) => vhost === stream.vhost && queue === stream.name)
  return found?.kind === 'topic'
}

/** `17 messages died: 12 rejected by billing, 5 expired`. */
export function Sentence({
  deaths: { groups, isWhole },
  streams,
}: {
  readonly deaths: Deaths
  readonly streams: readonly DeadLetterQueueJson[] | undefined
}): JSX.Element | null {
  if (groups === undefined || streams === undefined) return null
  const number = groups.reduce((sum, group) => sum + group.count, 0)
  if (number === 0) return <>Nothing is dead.</>
  const clauses = clausesOf(groups)
  return (
    <>
      {isWhole ? '' : 'At least '}
      {counted(number, 'message')} died:{' '}
      {clauses.map(({ count: part, says, queue }, index) => (
        <span key={says + queue}>
          {index > 0 && ', '}
          {count(part)} {says}
          {queue !== null && (
            <>
              {' '}
              <Name value={queue} />
            </>
          )}
        </span>
      ))}
      .
    </>
  )
}

export function WhyChips({
  groups = [],
  why,
  setWhy,
}: {
  readonly groups: readonly Group[] | undefined
  readonly why: string | undefined
  readonly setWhy: (why: string | undefined) => void
}): JSX.Element | null {
  const counts = new Map<string, number>()
  for (const group of groups) {
    const word = whyOf(group)
    counts.set(word, (counts.get(word) ?? 0) + group.count)
  }
  if (why !== undefined && !counts.has(why)) counts.set(why, 0)
  if (counts.size < 2 && why === undefined) return null
  return (
    <>
      {[...counts].map(([word, number]) => (
        <Chip
          key={word}
          isOn={word === why}
          onClick={() => setWhy(word === why ? undefined : word)}
        >
          {word} {count(number)}
        </Chip>
      ))}
    </>
  )
}

function NothingDied({ why }: { readonly why: string | undefined }): JSX.Element {
  if (why !== undefined)
    return <Empty title="None of these" text={`Nothing is there that ${why}.`} />
  return (
    <Empty
      title="Nothing is dead"
      text="Messages that consumers reject, that expire, or that a limit has no room for come to a dead-letter queue, if their queue names one. They stand here, in groups, to be looked at and sent back."
      command={`pabal policy set dead '^orders$' '{"dead-letter-exchange": "", "dead-letter-routing-key": "orders.dead"}'`}
    />
  )
}

function StreamList({
  list,
}: {
  readonly list: Live<ListPage<DeadLetterQueueJson>>
}): JSX.Element | null {
  const { data, problem } = list
  if (data?.items.length === 0) return null
  return (
    <Section title="Where dead letters go">
      <Table<DeadLetterQueueJson>
        label="Streams for dead letters"
        columns={streamColumns}
        rows={{ ...rowsOf(data?.items, problem), isStale: list.isStale }}
        keyOf={({ vhost, queue }) => `${vhost} ${queue}`}
        empty={null}
      />
      {data !== undefined && data.total_count > data.items.length && (
        <p class="soft">
          and {counted(data.total_count - data.items.length, 'stream')} with fewer messages
        </p>
      )}
    </Section>
  )
}

const streamColumns: readonly Column<DeadLetterQueueJson>[] = [
  {
    key: 'name',
    label: 'Stream',
    cell: ({ vhost, queue }) => (
      <span class="death-stream">
        <Name value={queue} to={streamUrl({ vhost, name: queue }, 'deaths')} />
        {vhost !== '/' && <span class="soft">in {vhost}</span>}
      </span>
    ),
  },
  {
    key: 'messages',
    label: 'Messages',
    align: 'end',
    width: '96px',
    cell: ({ messages }) => <Num value={messages} />,
  },
  {
    key: 'consumers',
    label: 'Consumers',
    align: 'end',
    width: '96px',
    priority: 2,
    cell: ({ consumers }) => <Num value={consumers} />,
  },
  {
    key: 'use',
    label: 'Use',
    width: '24%',
    priority: 2,
    cell: (stream) => <Use stream={stream} />,
  },
  {
    key: 'sources',
    label: 'From',
    width: '34%',
    priority: 3,
    hint: 'Queues and groups that send their dead letters here',
    cell: (stream) => <Sources stream={stream} />,
  },
]

function Sources({ stream }: { readonly stream: DeadLetterQueueJson }): JSX.Element {
  const { sources, source_count: queues, groups, group_count: more } = stream
  const names = [...sources, ...groups.map((name) => `group ${name}`)].slice(0, 3)
  const left = queues + more - names.length
  return (
    <span class="death-keys">
      {names.map((name) => (
        <Name key={name} value={name} />
      ))}
      {left > 0 && <span class="soft">and {count(left)} more</span>}
    </span>
  )
}

function Use({ stream }: { readonly stream: DeadLetterQueueJson }): JSX.Element {
  const { retries_after_ms: retryMs, kind, source_count: queues, group_count: groups } = stream
  if (retryMs !== null) {
    return (
      <Badge title="What waits here is tried again">tried again after {duration(retryMs)}</Badge>
    )
  }
  if (queues + groups === 0)
    return <Badge title="No queue or group names it; its name says so">by its name</Badge>
  return <Badge>{kind === 'topic' ? 'topic for dead letters' : 'dead letters'}</Badge>
}
