// Dead letters of one stream: those that are in it, and those that died in it and are elsewhere now.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { DeadLetterQueueJson } from '../../../src/admin/v1/dead-letter-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { JobDialog } from '../../parts/job/job-dialog.tsx'
import { JobProgress } from '../../parts/job/job-progress.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { StreamFrame, streamUrl, useStream, useStreamPlace } from '../../parts/stream-tabs.tsx'
import { Name } from '../../parts/values.tsx'
import { commandOn } from '../streams/command-on.ts'
import { type Group, whyOf } from './death-groups.ts'
import { Sentence, WhyChips } from './deaths.tsx'
import { GroupPanel } from './group-panel.tsx'
import { GroupTable } from './group-table.tsx'
import { ReadingNote } from './reading-note.tsx'
import { type Deaths, useDeaths } from './use-deaths.ts'
import { useOpenGroup } from './use-open-group.ts'
import './deaths.css'

export function StreamDeathsPage(): JSX.Element {
  const { vhost, name } = useStream()
  const shown = useStreamDeaths()
  const { here, left } = shown
  const isEmpty = here.groups?.length === 0
  return (
    <StreamFrame
      current="deaths"
      actions={<RedriveAll deaths={here} />}
      says={
        isEmpty ? <LeftSentence name={name} left={left} /> : <Sentence deaths={here} streams={[]} />
      }
      command={
        <AsCommand
          cli={commandOn('dlq show', { vhost, name })}
          curl={curlOf('GET', apiPath`/v1/dead-letters/${vhost}/${name}`)}
        />
      }
    >
      <AllJob />
      {isEmpty ? (
        left?.length === 0 && <NoDeaths name={name} targets={shown.targets} others={here.others} />
      ) : (
        <DeadHere deaths={here} />
      )}
      {left !== undefined && left.length > 0 && (
        <DiedHere name={name} groups={left} deaths={shown.elsewhere} />
      )}
      <OpenGroup {...shown} />
    </StreamFrame>
  )
}

/** All that died and is here, whatever group it is of. */
function RedriveAll({ deaths }: { readonly deaths: Deaths }): JSX.Element | null {
  const { vhost, name, live } = useStream()
  const [isAsking, setAsking] = useState(false)
  const number = deaths.groups?.reduce((sum, { count }) => sum + count, 0) ?? 0
  if (number === 0 || live.data?.kind === 'topic') return null
  return (
    <>
      <Button onClick={() => setAsking(true)}>Redrive all …</Button>
      {isAsking && (
        <JobDialog
          source={{ stream: { vhost, name } }}
          kinds={['redrive', 'move', 'copy', 'delete']}
          onBegun={(id) => setParams({ job: id, group: undefined })}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  )
}

/** How that goes on; the job of one group stands in its panel. */
function AllJob(): JSX.Element | null {
  const { vhost } = useStreamPlace()
  const [group] = useParam('group')
  const [job, setJob] = useParam('job')
  if (job === undefined || group !== undefined) return null
  return <JobProgress vhost={vhost} id={job} onClose={() => setJob(undefined)} onBegun={setJob} />
}

interface StreamDeaths {
  /** What is in it. */
  readonly here: Deaths
  /** What is where its dead letters may go, … */
  readonly elsewhere: Deaths
  /** … and what of it died in this stream. */
  readonly left: readonly Group[] | undefined
  readonly targets: readonly DeadLetterQueueJson[] | undefined
}

function useStreamDeaths(): StreamDeaths {
  const { vhost, name, live } = useStream()
  const path = name === '' ? undefined : apiPath`/v1/dead-letters/${vhost}`
  const list = useLive<readonly DeadLetterQueueJson[]>(path).data
  const stream = live.data
  const here = useDeaths(stream && [{ vhost, name, messages: stream.messages }])
  const targets = list?.filter((each) => mayHaveCome(each, name))
  // What groups could not process died in the topic that they read, whichever it was.
  const ofGroups = list?.filter(({ queue, group_count: groups }) => queue !== name && groups > 0)
  const places = stream?.kind === 'topic' ? ofGroups : targets
  const elsewhere = useDeaths(
    places?.map(({ queue, messages }) => ({ vhost, name: queue, messages })),
  )
  const left = elsewhere.groups?.filter(({ queue }) => queue === name)
  return { here, elsewhere, left, targets }
}

function DeadHere({ deaths }: { readonly deaths: Deaths }): JSX.Element {
  const [why, setWhy] = useParam('why')
  const { groups } = deaths
  return (
    <div class="deaths">
      <div class="page-filters">
        <WhyChips groups={groups} why={why} setWhy={setWhy} />
      </div>
      <ReadingNote deaths={deaths} />
      <OwnTable
        groups={groups?.filter((group) => why === undefined || whyOf(group) === why)}
        isOneStream
      />
    </div>
  )
}

function OwnTable(
  props: Pick<Parameters<typeof GroupTable>[0], 'groups' | 'isOneStream'>,
): JSX.Element {
  const [openKey] = useParam('group')
  return (
    <GroupTable
      {...props}
      openKey={openKey}
      onOpen={(key) => pushParams({ group: key })}
      empty={<Empty title="None of these" text="Choose another reason." />}
    />
  )
}

function OpenGroup({ here, left }: StreamDeaths): JSX.Element | null {
  const { name, live } = useStream()
  const open = useOpenGroup([...(here.groups ?? []), ...(left ?? [])])
  if (open === undefined) return null
  return (
    <GroupPanel
      key={open.key}
      group={open}
      isTopic={open.stream.name === name && live.data?.kind === 'topic'}
      onClose={() => setParams({ group: undefined, job: undefined })}
    />
  )
}

/** Only the first few sources are named. */
function mayHaveCome(
  { queue, sources, source_count: all }: DeadLetterQueueJson,
  name: string,
): boolean {
  return queue !== name && (sources.includes(name) || all > sources.length)
}

function LeftSentence({
  name,
  left = [],
}: {
  readonly name: string
  readonly left: readonly Group[] | undefined
}): JSX.Element {
  const number = left.reduce((sum, { count }) => sum + count, 0)
  if (number === 0) return <>Nothing died here.</>
  return (
    <>
      {counted(number, 'message')} died in <Name value={name} />.
    </>
  )
}

function DiedHere({
  name,
  groups,
  deaths,
}: {
  readonly name: string
  readonly groups: readonly Group[]
  readonly deaths: Deaths
}): JSX.Element {
  return (
    <Section
      title={
        <>
          Died in <Name value={name} />
        </>
      }
    >
      <ReadingNote deaths={{ ...deaths, others: 0 }} />
      <OwnTable groups={groups} />
    </Section>
  )
}

function NoDeaths({
  name,
  targets = [],
  others,
}: {
  readonly name: string
  readonly targets: readonly DeadLetterQueueJson[] | undefined
  readonly others: number
}): JSX.Element {
  const [target] = targets
  if (target !== undefined) {
    return (
      <Empty
        title="Nothing died here"
        text={
          <>
            What dies in <Name value={name} /> goes to{' '}
            <Name
              value={target.queue}
              to={streamUrl({ vhost: target.vhost, name: target.queue }, 'deaths')}
            />
            .
          </>
        }
      />
    )
  }
  return (
    <Empty
      title="Nothing died here"
      text={
        others > 0
          ? `None of its ${counted(others, 'message')} says that it died. Messages that die in a queue are dropped unless the queue names a dead-letter exchange.`
          : 'Messages that die in a queue are dropped unless the queue names a dead-letter exchange; a policy can name one for many queues.'
      }
      command={`pabal policy set dead-letters '.*' '{"dead-letter-exchange": "dlx"}'`}
    />
  )
}
