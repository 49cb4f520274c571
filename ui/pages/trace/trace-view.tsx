// One trace: its messages, and one of them as a timeline.
import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { TraceEventJson, TraceJson } from '../../../src/admin/v1/trace-json.ts'
import { counted, duration } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath, query } from '../../lib/names.ts'
import { setParams, useParam } from '../../lib/router.ts'
import { rowsOf } from '../../lib/rows.ts'
import { Badge } from '../../parts/badge.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { At, Name, Num } from '../../parts/values.tsx'
import { filterText } from './filter.ts'
import { StoryView } from './story-view.tsx'
import { storiesOf, type Story } from './story.ts'

interface EventsJson {
  readonly events: readonly TraceEventJson[]
  readonly next: number
}

/** An answer has no more events than this. */
const answerMax = 1000

interface Events {
  readonly events: readonly TraceEventJson[] | undefined
  readonly problem: Error | undefined
}

/** All events of a trace: whole answers are kept, and the last one is followed. */
function useEvents({ vhost, id }: TraceJson): Events {
  const [kept, setKept] = useState<readonly TraceEventJson[]>([])
  const path = apiPath`/v1/traces/${vhost}/${id}/events`
  const after = kept.length
  const { data, problem } = useLive<EventsJson>(path + query({ after }))
  // Until the answer to another question is there, the last one is shown.
  const isOwn = data !== undefined && (data.events[0]?.sequence ?? after + 1) === after + 1
  useEffect(() => {
    if (isOwn && data.events.length === answerMax) setKept([...kept, ...data.events])
  }, [isOwn, data])
  const events = useMemo(
    () => (isOwn ? [...kept, ...data.events] : kept),
    [kept, isOwn ? data : undefined],
  )
  return { events: data === undefined && kept.length === 0 ? undefined : events, problem }
}

export function TraceView({ trace }: { readonly trace: TraceJson }): JSX.Element {
  const { events, problem } = useEvents(trace)
  const [chosen] = useParam('message')
  const stories = useMemo(() => storiesOf(events ?? []), [events])
  if (problem !== undefined) return <ProblemNote problem={problem} />
  if (events === undefined) return <Skeleton lines={5} />
  const story = stories.find(({ message }) => String(message) === chosen) ?? stories[0]
  return (
    <section class="trace-view" aria-label="Messages of the trace">
      <div class="found-head">
        <h2>{filterText(trace.filter)}</h2>
      </div>
      {trace.unseen > 0 && (
        <p class="soft">
          {counted(trace.unseen, 'batch', 'batches')} of Kafka could not be looked into in time.
        </p>
      )}
      {story === undefined && <Waiting trace={trace} />}
      {stories.length > 1 && (
        <Table
          label="Traced messages"
          columns={columns}
          rows={rowsOf(stories)}
          keyOf={({ message }) => String(message)}
          openKey={story === undefined ? undefined : String(story.message)}
          onOpen={({ message }) => setParams({ message })}
          empty={null}
        />
      )}
      {story !== undefined && <StoryView story={story} vhost={trace.vhost} />}
    </section>
  )
}

function Waiting({ trace }: { readonly trace: TraceJson }): JSX.Element {
  const text =
    trace.state === 'running'
      ? 'Waits for the first message that fits. Publish it now, or have its queue looked through.'
      : 'No message that fits came while it ran.'
  return <p role="status">{text}</p>
}

const columns: readonly Column<Story>[] = [
  {
    key: 'message',
    label: 'Message',
    cell: ({ id, message }) => (id === undefined ? `#${message}` : <Name value={id} />),
  },
  {
    key: 'outcome',
    label: 'Now',
    cell: ({ outcome }) => <Badge tone={outcome.tone}>{outcome.text}</Badge>,
  },
  {
    key: 'steps',
    label: 'Steps',
    align: 'end',
    width: '64px',
    priority: 2,
    cell: ({ steps }) => <Num value={steps.length} />,
  },
  {
    key: 'took',
    label: 'Took',
    align: 'end',
    width: '88px',
    priority: 2,
    cell: ({ startedAt, endedAt }) => duration(endedAt - startedAt),
  },
  {
    key: 'began',
    label: 'Began',
    align: 'end',
    width: '88px',
    priority: 2,
    cell: ({ startedAt }) => <At value={startedAt} />,
  },
]
