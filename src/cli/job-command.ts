// `pabal job`: jobs of the broker on messages: redrives, moves, copies, deletions.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { addJobOptions, addTargetOptions, beginJob, type JobFlags, targetOf } from './begin-job.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { findById } from './find-by-id.ts'
import { type Job, tellJob, watchJob } from './job-watch.ts'
import { addListCommand } from './list-command.ts'
import { addFilterOptions, filterOf, type FilterFlags } from './message-filter-flags.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat, type Shown, showOne } from './show-rows.ts'

const time = (ms: unknown): string => (typeof ms === 'number' ? new Date(ms).toISOString() : '')

const shown: Shown = {
  title: 'jobs',
  columns: ['id', 'kind', 'vhost', 'queue', 'state', 'done', 'looked_at', 'total', 'reason'],
  wideColumns: ['user', 'started', 'ended', 'done_bytes', 'skipped', 'target', 'undo_of'],
  cells: { started: time, ended: time },
  nameKey: 'id',
}

const begun = {
  move: 'Move messages that are ready to another queue, or to an exchange',
  copy: 'Copy messages of a queue or stream to a queue, or to an exchange',
  delete: 'Delete messages that are ready',
} as const

type BeginFlags = JobFlags & FilterFlags

const controls = {
  pause: 'Let a job wait',
  resume: 'Let a job go on that waits or was stopped',
  cancel: 'End a job; what it has done stays',
} as const

export const addJobCommands: AddCommand = (job, remote) => {
  const listed = {
    ...shown,
    summary: 'Show all jobs',
    hasVHosts: false,
    path: () => ['v1', 'jobs'],
  }
  addListCommand(job, remote, listed)
  remote(job, 'show <ID>', {
    summary: 'Show one job',
    ask: ([id = ''], { output }) => show(id, output as string | undefined),
  }).option(...outputOption)
  for (const [kind, summary] of Object.entries(begun)) {
    const beginning = remote(job, `${kind} <QUEUE>`, {
      summary,
      ask: ([queue = ''], flags) => begin(kind as keyof typeof begun, queue, flags),
    })
    if (kind !== 'delete') addTargetOptions(beginning)
    addFilterOptions(beginning)
    addJobOptions(beginning)
  }
  for (const [control, summary] of Object.entries(controls)) {
    remote(job, `${control} <ID>`, { summary, ask: ([id = '']) => act(id, control) })
  }
  const undoing = remote(job, 'undo <ID>', {
    summary: 'Bring back what a move or redrive has moved and nobody has taken',
    ask: ([id = ''], flags) => undo(id, flags),
  })
  addRiskOptions(undoing)
}

/** Throws an `ExitError` for flags that do not go together. */
function begin(kind: keyof typeof begun, queue: string, flags: BeginFlags): AskBroker {
  const target = kind === 'delete' ? undefined : targetOf(flags)
  if (kind !== 'delete' && target === undefined) {
    const problem = new ExitError(exitCodes.usage, 'where to? give --to-queue or --to-exchange')
    return () => Promise.reject(problem)
  }
  const filter = filterOf(flags)
  const json = filter === undefined ? undefined : (JSON.parse(filter) as object)
  return beginJob({ kind, queue, filter: json, target }, flags)
}

function show(id: string, output: string | undefined): AskBroker {
  const format = readFormat(output)
  return async (broker, terminal) => {
    await showOne(
      { ...shown, row: { ...(await findById<Job>(broker, 'job', id)) } },
      format,
      terminal,
    )
    return exitCodes.ok
  }
}

function act(id: string, control: string): AskBroker {
  return async (broker, { print }) => {
    const { vhost } = await findById<Job>(broker, 'job', id)
    const answer = await broker.ask('POST', ['v1', 'jobs', vhost, id, control], {})
    if (answer.status >= 400) throw refusal(answer, `job ${id} is as it was`)
    print(`Job ${id} is ${(answer.body as Job).state}`)
    return exitCodes.ok
  }
}

function undo(id: string, flags: RiskFlags): AskBroker {
  return async (broker, terminal) => {
    const { vhost, kind, queue } = await findById<Job>(broker, 'job', id)
    const deed = `bring back to queue '${queue}' what a ${kind} took out of it (job ${id})`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const answer = await broker.ask('POST', ['v1', 'jobs', vhost, id, 'undo'], {})
    if (answer.status >= 400) throw refusal(answer, `job ${id} was not undone`)
    tellJob(broker, await watchJob(broker, answer.body as Job, terminal), terminal)
    return exitCodes.ok
  }
}
