// Jobs of the broker on messages, as commands begin and watch them.
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { programLimits } from '../limits/program.ts'
import type { BrokerClient } from './broker-client.ts'
import { Progress } from './progress.ts'
import { refusal } from './refusal.ts'
import type { Terminal } from './terminal.ts'

/** A job as the broker shows it; what is shown of it besides is not looked at here. */
export interface Job {
  readonly id: string
  readonly vhost: string
  readonly kind: string
  readonly queue: string
  readonly state: 'running' | 'paused' | 'interrupted' | 'failed' | 'done' | 'cancelled'
  readonly reason: string | null
  readonly total: number
  readonly looked_at: number
  readonly done: number
  readonly skipped: readonly { readonly reason: string; readonly count: number }[]
  readonly undoable: { readonly messages: number }
}

/** Until the job stops, which is what this resolves with. It goes on without us. */
export async function watchJob(broker: BrokerClient, begun: Job, terminal: Terminal): Promise<Job> {
  const { vhost, id, total } = begun
  const progress = new Progress(terminal, { clock: systemClock, unit: 'messages', total })
  let job = begun
  try {
    while (job.state === 'running') {
      await new Promise<void>((resolve) => void systemClock.after(programLimits.jobLookMs, resolve))
      const answer = await broker.ask('GET', ['v1', 'jobs', vhost, id])
      if (answer.status >= 400) throw refusal(answer, `job ${id} cannot be seen any more`)
      job = answer.body as Job
      progress.add(job.looked_at - progress.done)
    }
  } finally {
    progress.end()
  }
  return job
}

/** Says how a job ended; throws an `ExitError` when it did not do all. */
export function tellJob(broker: BrokerClient, job: Job, { print, tell }: Terminal): void {
  const { id, state, reason, done, skipped, queue, kind, undoable } = job
  const what = done === 1 ? '1 message' : `${done} messages`
  print(`${kind} of '${queue}': ${what} done`)
  for (const { reason: why, count } of skipped) tell(`${count} left out: ${why}`)
  if (undoable.messages > 0) {
    tell(`To take it back: ${broker.commandLine(`job undo ${id}`)}`)
  }
  if (state === 'done') return
  const next = broker.commandLine(`job resume ${id}`)
  const because = reason === null ? '' : ` (${reason})`
  throw new ExitError(exitCodes.tryLater, `job ${id} is ${state}${because}; go on with ${next}`)
}
