// Jobs: what moves, copies and deletes messages in the broker, how far it is, and what it came to.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { JobJson } from '../../../src/admin/v1/job-json.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { count, counted, duration, rate } from '../../lib/format.ts'
import { refresh, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage, rowsOf } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Chip } from '../../parts/chips.tsx'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Bar, type Fact, Facts } from '../../parts/facts.tsx'
import { JobProgress } from '../../parts/job/job-progress.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Ago, Bytes, Name, Num } from '../../parts/values.tsx'
import { doesOf, phaseOf, type Phase, phases, sentenceFor, targetOf } from './job-words.ts'
import './jobs.css'

/** All that are remembered: a hundred at most. */
const listPath = '/v1/jobs?page=1&page_size=200&sort=started&sort_reverse=true'

export function JobsPage(): JSX.Element {
  const list = useLive<ListPage<JobJson>>(listPath)
  const [phase, setPhase] = useParam('state')
  const [openId] = useParam('job')
  const jobs = list.data?.items
  const shown = jobs?.filter((job) => phase === undefined || phaseOf(job) === phase)
  const open = jobs?.find(({ id }) => id === openId)
  return (
    <Page
      title="Jobs"
      says={jobs && sentenceFor(jobs)}
      filters={<PhaseChips jobs={jobs} phase={phase} setPhase={setPhase} />}
      command={<AsCommand cli="pabal job list" curl={curlOf('GET', '/v1/jobs')} />}
      isFull
    >
      <Table<JobJson>
        label="Jobs"
        columns={columns}
        rows={{ ...rowsOf(shown, list.problem), isStale: list.isStale }}
        keyOf={({ id }) => id}
        openKey={openId}
        onOpen={({ id }) => pushParams({ job: id })}
        empty={<NoJobs isFiltered={phase !== undefined} />}
        isFull
      />
      {open !== undefined && (
        <JobPanel key={open.id} job={open} onClose={() => setParams({ job: undefined })} />
      )}
    </Page>
  )
}

function PhaseChips({
  jobs = [],
  phase,
  setPhase,
}: {
  readonly jobs: readonly JobJson[] | undefined
  readonly phase: string | undefined
  readonly setPhase: (phase: string | undefined) => void
}): JSX.Element {
  return (
    <>
      {(Object.keys(phases) as Phase[]).map((each) => (
        <Chip
          key={each}
          isOn={each === phase}
          onClick={() => setPhase(each === phase ? undefined : each)}
        >
          {phases[each]} {count(jobs.filter((job) => phaseOf(job) === each).length)}
        </Chip>
      ))}
    </>
  )
}

const tones: Readonly<Record<JobJson['state'], Tone>> = {
  running: 'good',
  paused: 'look',
  interrupted: 'look',
  failed: 'bad',
  done: 'plain',
  cancelled: 'plain',
}
const stateWords: Readonly<Record<JobJson['state'], string>> = {
  running: 'running',
  paused: 'paused',
  interrupted: 'cut off',
  failed: 'stopped',
  done: 'done',
  cancelled: 'ended early',
}

function StateBadge({ job: { state, reason } }: { readonly job: JobJson }): JSX.Element {
  const isHeld = state === 'running' && reason !== null
  return (
    <Badge tone={isHeld ? 'look' : tones[state]} {...(reason !== null && { title: reason })}>
      {isHeld ? 'waits' : stateWords[state]}
    </Badge>
  )
}

const columns: readonly Column<JobJson>[] = [
  {
    key: 'state',
    label: 'State',
    width: '104px',
    cell: (job) => <StateBadge job={job} />,
  },
  {
    key: 'what',
    label: 'What',
    cell: (job) => (
      <span class="job-what">
        {doesOf(job)} <Name value={job.queue} />
        <Target job={job} />
        {(job.filter ?? job.places) !== undefined && <span class="soft">some of it</span>}
      </span>
    ),
  },
  {
    key: 'progress',
    label: 'Looked at',
    hint: 'How many of the messages that were there when it began',
    width: '168px',
    priority: 2,
    cell: (job) => <Progress job={job} />,
  },
  {
    key: 'done',
    label: 'Done',
    align: 'end',
    width: '96px',
    hint: 'Messages that it has redriven, moved, copied or deleted',
    cell: ({ done }) => <Num value={done} />,
  },
  {
    key: 'pace',
    label: 'Pace',
    align: 'end',
    width: '88px',
    priority: 3,
    hint: 'Messages looked at in a second',
    cell: ({ pace }) => (pace === null ? <span class="soft">–</span> : rate(pace)),
  },
  {
    key: 'left',
    label: 'Time',
    hint: 'How long it takes still at its pace, or how long it took',
    align: 'end',
    width: '128px',
    priority: 3,
    cell: (job) => <Left job={job} />,
  },
  {
    key: 'started',
    label: 'Began',
    align: 'end',
    width: '104px',
    priority: 3,
    cell: ({ started }) => <Ago value={started} />,
  },
  {
    key: 'user',
    label: 'By',
    width: '168px',
    priority: 3,
    cell: ({ user }) => <Name value={user} />,
  },
]

function Target({ job }: { readonly job: JobJson }): JSX.Element | null {
  const target = targetOf(job)
  if (target === undefined) return null
  return (
    <span class="job-target">
      <span class="soft">{target.says}</span>
      {target.name !== undefined && <Name value={target.name} />}
    </span>
  )
}

function Progress({
  job: { state, looked_at: looked, total },
}: {
  readonly job: JobJson
}): JSX.Element {
  const text = `${count(looked)} of ${count(total)}`
  if (state === 'done' || state === 'cancelled') {
    return <span class="soft number">{text}</span>
  }
  const share = total === 0 ? 0 : looked / total
  return (
    <span class="job-progress" title={text}>
      <Bar share={share} label={`${text} looked at`} tone={state === 'failed' ? 'bad' : 'plain'} />
      <span class="number">{Math.floor(share * 100)} %</span>
    </span>
  )
}

function Left({
  job: { state, seconds_left: seconds, ended, started },
}: {
  readonly job: JobJson
}): JSX.Element {
  if (state === 'running') {
    return <span class="number">{seconds === null ? '–' : `${duration(seconds * 1000)} left`}</span>
  }
  if (ended === null) return <span class="soft">–</span>
  return <span class="number soft">took {duration(ended - started)}</span>
}

function NoJobs({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  if (isFiltered) return <Empty title="None of these" text="No job is in that state." />
  return (
    <Empty
      title="No jobs"
      text="Redriving, moving, copying and deleting many messages are jobs of the broker: they go on without you, at the pace you choose, and most of it can be undone. The last hundred are remembered."
      command="pabal job move orders --to-queue orders.new --dry-run"
      action={<a href="/deaths">Look at dead letters</a>}
    />
  )
}

function JobPanel({
  job,
  onClose,
}: {
  readonly job: JobJson
  readonly onClose: () => void
}): JSX.Element {
  const [isForgetting, setForgetting] = useState(false)
  const { id, vhost, state } = job
  const path = apiPath`/v1/jobs/${vhost}/${id}`
  return (
    <Panel
      title={
        <>
          {doesOf(job)} <Name value={job.queue} />
        </>
      }
      label={`Job ${id}`}
      onClose={onClose}
      isWide
      {...(state !== 'running' && {
        actions: <Button onClick={() => setForgetting(true)}>Forget this job …</Button>,
      })}
    >
      <JobProgress vhost={vhost} id={id} onBegun={(undo) => pushParams({ job: undo })} />
      <Facts facts={factsOf(job)} />
      {job.filter !== undefined && (
        <Section title="Only messages that fit">
          <CodeBlock code={JSON.stringify(job.filter, null, 2)} label="Filter" />
        </Section>
      )}
      <AsCommand cli={`pabal job show ${id}`} curl={curlOf('GET', path)} />
      {isForgetting && (
        <Confirm
          title="Forget this job"
          effect={forgetEffect(job)}
          verb="Forget the job"
          curl={curlOf('DELETE', path)}
          run={async () => {
            await ask('DELETE', path)
            refresh()
            toast('The job is forgotten')
            onClose()
          }}
          onClose={() => setForgetting(false)}
        />
      )}
    </Panel>
  )
}

function forgetEffect({ done, undoable }: JobJson): string {
  const stays =
    done === 0 ? 'It did nothing.' : `The ${counted(done, 'message')} stay where they are.`
  if (undoable.messages === 0) return stays
  return `${stays} It cannot be undone any more, or gone on with.`
}

function factsOf(job: JobJson): Fact[] {
  const facts: (Fact | false)[] = [
    {
      name: 'Messages of',
      value: (
        <Name value={job.queue} to={streamUrl({ vhost: job.vhost, name: job.queue })} isCopied />
      ),
    },
    targetOf(job) !== undefined && { name: 'To', value: <Target job={job} /> },
    job.places !== undefined && { name: 'Chosen', value: counted(job.places, 'message') },
    job.is_edited && { name: 'Edited', value: 'payload or headers are others at the target' },
    { name: 'If one is refused', value: refusals[job.on_refused] ?? job.on_refused },
    { name: 'Limit', value: limitOf(job) },
    job.reason !== null && { name: 'Why', value: job.reason },
    { name: 'Done', value: <Num value={job.done} /> },
    { name: 'Bytes', value: <Bytes value={job.done_bytes} /> },
    { name: 'Began', value: <Ago value={job.started} /> },
    job.ended !== null && { name: 'Ended', value: <Ago value={job.ended} /> },
    { name: 'Asked for by', value: <Name value={job.user} /> },
    job.undo_of !== undefined && {
      name: 'Undoes',
      value: (
        <a class="mono" href={`/jobs?job=${job.undo_of}`}>
          {job.undo_of}
        </a>
      ),
    },
    { name: 'Id', value: <Name value={job.id} isCopied /> },
  ]
  return facts.filter((fact) => fact !== false)
}

const refusals: Readonly<Record<string, string>> = {
  stop: 'stop before it',
  skip: 'leave it where it is',
  wait: 'wait and try it again',
}

function limitOf({ messages_per_second: messages, bytes_per_second: bytes }: JobJson): string {
  if (messages === null && bytes === null) return 'none'
  if (messages !== null) return `${count(messages)} messages a second`
  return `${count(bytes ?? 0)} bytes a second`
}
