// Traces that run or are kept.
import type { JSX } from 'preact'
import type { TraceJson } from '../../../src/admin/v1/trace-json.ts'
import { ask } from '../../lib/api.ts'
import { counted, duration } from '../../lib/format.ts'
import { type Live, now, refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { pushParams, setParams } from '../../lib/router.ts'
import { problemText } from '../../lib/use-run.ts'
import { Badge } from '../../parts/badge.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { toast } from '../../parts/toast.tsx'
import { filterText } from './filter.ts'

export interface TraceListProps {
  readonly traces: Live<readonly TraceJson[]>
  readonly openId: string | undefined
}

export function TraceList({ traces, openId }: TraceListProps): JSX.Element {
  const { data, problem } = traces
  return (
    <Section title="Traces">
      {problem !== undefined && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={2} />}
      {data?.length === 0 && (
        <p class="soft">None. Each runs for its time, and is kept in memory until a restart.</p>
      )}
      <ul class="trace-list">
        {data?.toReversed().map((trace) => (
          <TraceLine key={trace.id} trace={trace} isOpen={trace.id === openId} />
        ))}
      </ul>
    </Section>
  )
}

function TraceLine({
  trace,
  isOpen,
}: {
  readonly trace: TraceJson
  readonly isOpen: boolean
}): JSX.Element {
  const { id, vhost, filter, stream, messages, events } = trace
  const text = filterText(filter)
  const open = (): void =>
    pushParams({ id, vhost: vhost === '/' ? undefined : vhost, message: undefined })
  const act = (method: 'POST' | 'DELETE', path: string, said: string): void => {
    void ask(method, path, method === 'POST' ? {} : undefined).then(
      () => {
        refresh()
        toast(said)
        if (method === 'DELETE' && isOpen) setParams({ id: undefined, message: undefined })
      },
      (error: unknown) => toast(problemText(error)),
    )
  }
  const path = apiPath`/v1/traces/${vhost}/${id}`
  return (
    <li class={isOpen ? 'trace-item trace-item-open' : 'trace-item'}>
      <button type="button" class="trace-open" aria-current={isOpen} onClick={open}>
        <span class="trace-what">{text}</span>
        <span class="soft">
          {counted(messages, 'message')}, {counted(events, 'event')}
          {stream !== undefined && `, also what was in ${stream}`}
          {vhost !== '/' && ` · ${vhost}`}
        </span>
      </button>
      <StateBadge trace={trace} />
      {trace.state === 'running' ? (
        <button
          type="button"
          class="copy"
          aria-label={`Stop the trace for ${text}`}
          onClick={() => act('POST', `${path}/stop`, 'Stopped; what it has noted stays')}
        >
          stop
        </button>
      ) : (
        <button
          type="button"
          class="copy"
          aria-label={`Delete the trace for ${text}`}
          onClick={() => act('DELETE', path, 'The trace is forgotten')}
        >
          delete
        </button>
      )}
    </li>
  )
}

const endWords = { time: 'time is over', full: 'full', stopped: 'stopped' } as const

function StateBadge({ trace }: { readonly trace: TraceJson }): JSX.Element {
  const { state, ended_by: end, ends_at: endsAt } = trace
  if (state === 'running') {
    const left = Math.max(0, Math.ceil((endsAt - now.value) / 1000) * 1000)
    return <Badge tone="good">{duration(left)} left</Badge>
  }
  const isFull = end === 'full'
  const title = isFull ? 'It noted all that it may: a narrower filter finds fewer' : undefined
  return (
    <Badge tone={isFull ? 'look' : 'plain'} {...(title !== undefined && { title })}>
      {endWords[end ?? 'stopped']}
    </Badge>
  )
}
