// Jobs in words. No JSX, so that node can test it.
import type { JobJson } from '../../../src/admin/v1/job-json.ts'
import { count, counted } from '../../lib/format.ts'

/** What one looks for in a list of jobs. */
export type Phase = 'running' | 'stopped' | 'ended'

export const phases: Readonly<Record<Phase, string>> = {
  running: 'Running',
  stopped: 'Stopped',
  ended: 'Ended',
}

export function phaseOf({ state }: Pick<JobJson, 'state'>): Phase {
  if (state === 'running') return 'running'
  return state === 'done' || state === 'cancelled' ? 'ended' : 'stopped'
}

/** One sentence about all. */
export function sentenceFor(jobs: readonly JobJson[]): string {
  const running = jobs.filter((job) => phaseOf(job) === 'running')
  const stopped = jobs.filter((job) => phaseOf(job) === 'stopped')
  const waiting = running.filter(({ reason }) => reason !== null)
  const parts: string[] = []
  if (running.length > 0) {
    const left = running.reduce((sum, job) => sum + Math.max(0, job.total - job.looked_at), 0)
    const run = running.length === 1 ? 'job runs' : 'jobs run'
    parts.push(`${count(running.length)} ${run} with ${counted(left, 'message')} to go`)
  }
  if (waiting.length === 1) parts.push('1 waits for its target')
  if (waiting.length > 1) parts.push(`${count(waiting.length)} wait for their target`)
  if (stopped.length > 0) {
    parts.push(`${counted(stopped.length, 'job')} stopped early`)
  }
  if (parts.length > 0) return `${parts.join(', ')}.`
  return jobs.length === 0
    ? 'No job has been asked for.'
    : `Nothing runs. ${counted(jobs.length, 'job')} ended.`
}

const verbs: Readonly<Record<JobJson['kind'], string>> = {
  redrive: 'Redrive',
  move: 'Move',
  copy: 'Copy',
  delete: 'Delete from',
  undo: 'Bring back to',
}

export function doesOf({ kind }: Pick<JobJson, 'kind'>): string {
  return verbs[kind]
}

/** Where its messages go; undefined where that is said already. */
export function targetOf({
  kind,
  target,
}: Pick<JobJson, 'kind' | 'target'>):
  | { readonly says: string; readonly name?: string }
  | undefined {
  if (kind === 'delete' || kind === 'undo' || target === undefined) return undefined
  const { to, name, death } = target as {
    readonly to?: string
    readonly name?: string
    readonly death?: string
  }
  if (to === 'origin')
    return { says: death === 'last' ? 'to where they died last' : 'to where they died' }
  if (to === 'address') return { says: 'to where they were published' }
  if (name === undefined) return undefined
  if (to === 'queue') return { says: 'to', name }
  return name === '' ? { says: 'through the default exchange' } : { says: 'through', name }
}
