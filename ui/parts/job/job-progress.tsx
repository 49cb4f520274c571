// A job as it goes on: what it does, how far it is, how fast and how long still; pause, go on, end, undo.
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { JobJson } from '../../../src/admin/v1/job-json.ts'
import { ask } from '../../lib/api.ts'
import { bytes, count, counted, duration, rate } from '../../lib/format.ts'
import { now, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { useRun } from '../../lib/use-run.ts'
import { Button } from '../button.tsx'
import { Bar } from '../facts.tsx'
import { toast } from '../toast.tsx'
import './job-progress.css'

export interface JobProgressProps {
  readonly vhost: string
  readonly id: string
  /** Takes it out of sight; the job is left as it is. */
  readonly onClose?: (() => void) | undefined
  /** It is at its end, and what it has changed can be looked at. */
  readonly onEnded?: (() => void) | undefined
  /** An undo is a job of its own. */
  readonly onBegun?: ((id: string) => void) | undefined
}

export function JobProgress(props: JobProgressProps): JSX.Element {
  const { vhost, id, onClose, onEnded, onBegun } = props
  const { data: job, problem } = useLive<JobJson>(apiPath`/v1/jobs/${vhost}/${id}`)
  const speed = useSpeed(job)
  const isOver = job !== undefined && job.ended !== null
  useEffect(() => {
    if (isOver) onEnded?.()
  }, [isOver])
  if (job === undefined) {
    return (
      <section class="job" aria-label="Job" aria-busy={problem === undefined}>
        <p>{problem === undefined ? 'The job begins …' : problem.message}</p>
        {onClose !== undefined && <Button onClick={onClose}>Close</Button>}
      </section>
    )
  }
  return (
    <section class={`job job-${job.state}`} aria-label={`Job ${id}`}>
      <div class="job-says" role="status">
        <strong>{sentenceOf(job)}</strong>
        <span class="soft">{paceOf(job, speed)}</span>
        <Skipped job={job} />
      </div>
      <Bar
        share={shareOf(job)}
        label={`${count(job.looked_at)} of ${count(job.total)} messages looked at`}
        tone={job.state === 'failed' ? 'bad' : 'plain'}
      />
      <Controls job={job} onClose={onClose} onBegun={onBegun} />
    </section>
  )
}

function shareOf({ state, looked_at: looked, total }: JobJson): number {
  if (state === 'done') return 1
  return total === 0 ? 0 : looked / total
}

const doing = {
  redrive: 'Redrives',
  move: 'Moves',
  copy: 'Copies',
  delete: 'Deletes',
  undo: 'Brings back',
}
const did = {
  redrive: 'Redrove',
  move: 'Moved',
  copy: 'Copied',
  delete: 'Deleted',
  undo: 'Brought back',
}

/** What a job does, or has done, in words. */
export function sentenceOf(job: JobJson): string {
  const { kind, state, queue, done, reason } = job
  const where = `${kind === 'undo' ? 'to' : 'from'} ${plainName(queue)}${targetText(job)}`
  const number = counted(done, 'message')
  switch (state) {
    case 'running':
      if (reason !== null)
        return `Waits and tries again: ${reason}. ${did[kind]} ${number} ${where}`
      return `${doing[kind]} messages ${where}: ${count(done)} so far`
    case 'paused':
      return `Paused. ${did[kind]} ${number} ${where}`
    case 'interrupted':
      return `Cut off${reason === null ? ' by a stop of the broker' : `: ${reason}`}. ${did[kind]} ${number} ${where}`
    case 'failed':
      return `Stopped${reason === null ? '' : `: ${reason}`}. ${did[kind]} ${number} ${where}`
    case 'cancelled':
      return `Ended early. ${did[kind]} ${number} ${where}`
    default:
      return `${did[kind]} ${number} ${where}`
  }
}

function targetText({ target }: JobJson): string {
  if (target === undefined) return ''
  const { to, name } = target as { readonly to?: string; readonly name?: string }
  if (to === 'origin') return ' to where they died'
  if (to === 'address') return ' to where they were published'
  return name === undefined ? '' : ` to ${plainName(name)}`
}

function paceOf(job: JobJson, speed: number | undefined): string {
  const { state, total, looked_at: looked, started, ended, done_bytes: size } = job
  const took = duration(Math.max(0, (ended ?? now.value) - started))
  if (state === 'running') {
    const left = speed === undefined || speed <= 0 ? undefined : ((total - looked) / speed) * 1000
    const pace = speed === undefined ? '' : ` · ${rate(speed)}`
    return `${count(looked)} of ${count(total)} looked at${pace}${
      left === undefined ? '' : ` · ${duration(left)} left`
    }`
  }
  return `${count(looked)} of ${count(total)} looked at · ${bytes(size)} · ${took}`
}

function Skipped({ job: { skipped } }: { readonly job: JobJson }): JSX.Element | null {
  if (skipped.length === 0) return null
  return (
    <ul class="job-skipped">
      {skipped.map(({ reason, count: number }) => (
        <li key={reason}>
          {counted(number, 'message')} left where they are: {reason}
        </li>
      ))}
    </ul>
  )
}

function Controls({
  job,
  onClose,
  onBegun,
}: Pick<JobProgressProps, 'onClose' | 'onBegun'> & { readonly job: JobJson }): JSX.Element {
  const { isBusy, start } = useRun(toast)
  const { vhost, id, state, undoable } = job
  const tell = (control: string): void => {
    start(async () => {
      const path = `${apiPath`/v1/jobs/${vhost}/${id}`}/${control}`
      const answer = await ask<JobJson>('POST', path, {})
      if (control === 'undo') onBegun?.(answer.id)
    })
  }
  const isUnderWay = state === 'running' || state === 'paused' || state === 'interrupted'
  const isAtRest = state === 'paused' || state === 'interrupted' || state === 'failed'
  return (
    <div class="job-controls">
      {state === 'running' && (
        <Button isBusy={isBusy} onClick={() => tell('pause')}>
          Pause
        </Button>
      )}
      {isAtRest && (
        <Button isBusy={isBusy} onClick={() => tell('resume')}>
          Resume
        </Button>
      )}
      {isUnderWay && (
        <Button isBusy={isBusy} onClick={() => tell('cancel')}>
          End it
        </Button>
      )}
      {!isUnderWay && undoable.messages > 0 && (
        <Button
          isBusy={isBusy}
          title={undoable.is_all ? 'All of them' : 'Not all that was moved can be brought back'}
          onClick={() => tell('undo')}
        >
          Undo: bring back {counted(undoable.messages, 'message')}
        </Button>
      )}
      {!isUnderWay && undoable.messages === 0 && job.done > 0 && (
        <span class="soft">{whyNoUndo(job)}</span>
      )}
      {onClose !== undefined && (
        <Button kind="quiet" onClick={onClose}>
          Close
        </Button>
      )}
    </div>
  )
}

function whyNoUndo({ kind }: JobJson): string {
  if (kind === 'delete') return 'What was deleted cannot be brought back.'
  if (kind === 'copy') return 'Copies stay where they are.'
  return 'Nobody can bring back what consumers have taken.'
}

/** Messages looked at per second, from what was seen of the job. */
function useSpeed(job: JobJson | undefined): number | undefined {
  const samples = useRef<{ readonly at: number; readonly looked: number }[]>([])
  if (job === undefined) return undefined
  const last = samples.current.at(-1)
  const at = performance.now()
  if (last?.looked !== job.looked_at) {
    samples.current = [...samples.current.slice(-9), { at, looked: job.looked_at }]
  }
  const [first] = samples.current
  const newest = samples.current.at(-1)
  if (first === undefined || newest === undefined || newest.at - first.at < 500) return undefined
  return ((newest.looked - first.looked) / (newest.at - first.at)) * 1000
}
