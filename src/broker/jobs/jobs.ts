// Long work on messages that somebody has asked for: redrive, move, copy, delete, and undo. A few jobs work at
// one time, in slices; those that have ended are remembered for a while. Made when somebody asks for
// jobs: what earlier processes left is read then. A job whose broker ended waits until somebody resumes it,
// with the rights of that user. One of a cluster whose cell goes to another node in order goes on there by itself.
import type { AccessControl } from '../../auth/access-control.ts'
import type { Rights } from '../../auth/rights.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { Slices } from '../../lib/slices.ts'
import { jobLimits } from '../../limits/jobs.ts'
import type { Ticket } from '../../log/ticket.ts'
import { BrokerError, preconditionFailed } from '../broker-error.ts'
import { compileFilter } from '../browse/message-filter.ts'
import type { Destination } from '../destination.ts'
import { awaitEnds, knowEnds } from '../know-ends.ts'
import { permit } from '../permit.ts'
import { whenDurable } from '../when-durable.ts'
import { DeathCounter, type DeathGroups } from './death-groups.ts'
import { checkAsked, type JobAsked } from './job-asked.ts'
import { JobWork, type WorkContext, type WorkSegment } from './job-work.ts'
import { Job, type JobFacts, jobIdsIn } from './job.ts'
import { findRights, type LastingRights } from './lasting-rights.ts'
import type { RangeBudget } from './moved-ranges.ts'
import {
  createSender,
  endsOf,
  findSource,
  gone,
  isSameQueue,
  logIdOf,
  type PlanContext,
  segmentsOf,
  segmentsOfMoved,
  totalOf,
  wholeSegmentsOf,
} from './plan-work.ts'
import { Preview, type PreviewResult } from './preview.ts'
import { Scan, type ScanPlace } from './scan.ts'

/** Who asks for something, and what that user may do in the virtual host. */
export interface Asker {
  readonly user: string
  readonly rights: Rights
  /** How these rights are found again; undefined where they cannot be, because they are a token's. */
  readonly lasting?: LastingRights | undefined
}

export interface JobsContext extends WorkContext, PlanContext {
  readonly clock: Clock
  readonly random: Random
  readonly access: Pick<AccessControl, 'findUser' | 'rightsOf'>
  /** Of a cluster; undefined of a broker that is alone. */
  readonly cellNumber: number | undefined
}

const beginning: ScanPlace = { segment: 0, offset: 0 }

export class Jobs {
  readonly #context: JobsContext
  readonly #slices: Slices
  /** Oldest first. */
  readonly #jobs = new Map<string, Job>()
  readonly #budget: RangeBudget = { count: 0 }
  #isClosed = false

  /** `state` is what the log's keyed state had at the start. */
  constructor(context: JobsContext, state: ReadonlyMap<string, Buffer>) {
    this.#context = context
    this.#slices = new Slices(context.clock, jobLimits.sliceMs)
    const restored = jobIdsIn(state).flatMap((id) => Job.restore(id, state, this.#budget) ?? [])
    const byAge = restored.sort((a, b) => a.facts.startedAt - b.facts.startedAt)
    for (const job of byAge) this.#jobs.set(job.id, job)
  }

  /** Oldest first. */
  get all(): Iterable<Job> {
    return this.#jobs.values()
  }

  find(id: string): Job | undefined {
    return this.#jobs.get(id)
  }

  /**
   * Begins a job; it is kept when the promise resolves. Throws what `findSource` throws, and
   * `precondition_failed` for what makes no sense or is too much.
   */
  async start(asked: JobAsked, asker: Asker): Promise<Job> {
    checkAsked(asked)
    const queue = findSource(this.#context, asked, asker.rights)
    await knowEnds(queue)
    const facts = {
      asked,
      user: asker.user,
      startedAt: this.#context.clock.now(),
      total: totalOf(queue, asked),
      queueId: logIdOf(queue),
      ends: endsOf(queue),
    }
    return await this.#begin(facts, asker)
  }

  /** Begins a job that brings back what a move or redrive has moved and nobody has taken since. */
  async undo(id: string, asker: Asker): Promise<Job> {
    const job = this.#get(id)
    const { kind, vhost, queue: name } = job.facts.asked
    if (job.state === 'running') throw preconditionFailed('the job is running: pause or cancel it')
    if (kind !== 'move' && kind !== 'redrive') {
      throw preconditionFailed(`a ${kind} cannot be undone`)
    }
    const queue = this.#context.getVHost(vhost).getQueue(name)
    const facts = {
      asked: { kind: 'undo', vhost, queue: name, onRefused: 'skip', of: id },
      user: asker.user,
      startedAt: this.#context.clock.now(),
      total: job.moved.count,
      queueId: logIdOf(queue),
      ends: [],
    } as const
    return await this.#begin(facts, asker)
  }

  pause(id: string): Promise<void> {
    const job = this.#get(id)
    if (job.state !== 'running') throw preconditionFailed(`the job is ${job.state}`)
    return this.#stop(job, 'paused')
  }

  /** From now on the job does what `asker` may do. */
  resume(id: string, asker: Asker): Promise<void> {
    const job = this.#get(id)
    if (job.state === 'running' || job.hasEnded) {
      throw preconditionFailed(`the job is ${job.state}`)
    }
    this.#checkRoom()
    const work = this.#prepare(job, asker.rights)
    const run = job.begin(asker.lasting)
    const ticket = this.#keep(() => job.save(this.#context.store))
    this.#run(job, work(run), ticket)
    return whenDurable(ticket)
  }

  cancel(id: string): Promise<void> {
    const job = this.#get(id)
    if (job.hasEnded) throw preconditionFailed(`the job is ${job.state}`)
    return this.#stop(job, 'cancelled')
  }

  /** Forgets a job that does not run; what it has done stays as it is. */
  remove(id: string): Promise<void> {
    const job = this.#get(id)
    if (job.state === 'running') throw preconditionFailed('the job is running: cancel it')
    return whenDurable(this.#keep(() => this.#forget(job)))
  }

  /** What a job would do, as far as one look goes. Throws what `start` throws. */
  async preview(asked: JobAsked, { rights, user }: Asker): Promise<PreviewResult> {
    checkAsked(asked)
    const queue = findSource(this.#context, asked, rights)
    await knowEnds(queue)
    const facts = {
      asked,
      user,
      startedAt: 0,
      total: 0,
      queueId: logIdOf(queue),
      ends: endsOf(queue),
    }
    const segments = segmentsOf(queue, facts)
    const preview = new Preview({
      segments,
      filter: asked.filter && compileFilter(asked.filter),
      sender: createSender(this.#context, asked, rights),
      clock: this.#context.clock,
    })
    const scan = new Scan(segments, this.#context.store, preview)
    const isWhole = await this.#slices.run(scan.run(beginning))
    return { ...preview.result, isWhole }
  }

  /**
   * What died in a queue, or anything else, from a place on: as much as one look goes through, or about
   * `lookedMax` messages. Throws `access_refused`.
   */
  async groupDeaths(
    queue: Destination,
    { lookedMax, ...from }: ScanPlace & { readonly lookedMax?: number | undefined },
    { rights }: Asker,
  ): Promise<DeathGroups> {
    permit(rights, 'read', { kind: 'queue', name: queue.name })
    await knowEnds(queue)
    const segments = wholeSegmentsOf(queue)
    const counter = new DeathCounter(segments, this.#context.clock, lookedMax)
    const scan = new Scan(segments, this.#context.store, counter)
    return counter.result(await this.#slices.run(scan.run(from)))
  }

  /** The broker stops: what runs is interrupted. In a cluster it is handed over to the next owner of the cell. */
  close(): void {
    this.#isClosed = true
    const { clock, store, cellNumber } = this.#context
    const running = [...this.#jobs.values()].filter(({ state }) => state === 'running')
    if (cellNumber === undefined) {
      for (const job of running) job.stop('interrupted', clock.now())
    } else if (running.length > 0) {
      this.#keep(() => {
        for (const job of running) {
          job.handOver(clock.now())
          job.save(store)
        }
      })
    }
  }

  /** Goes on with what the last owner of the cell has handed over. */
  goOn(): void {
    for (const job of this.#jobs.values()) {
      if (job.progress.handedOver === undefined) continue
      try {
        void this.resume(job.id, this.#askerOf(job, job.progress.handedOver.rights))
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        const reason = `its cell has moved, and ${problem}: resume it`
        job.stop('interrupted', this.#context.clock.now(), reason)
        this.#keep(() => job.save(this.#context.store))
      }
    }
  }

  #askerOf({ facts }: Job, lasting: LastingRights | undefined): Asker {
    if (lasting === undefined) throw preconditionFailed('a token says what it may do')
    const rights = findRights(lasting, facts.asked.vhost, this.#context.access)
    if (rights !== undefined) return { user: facts.user, rights, lasting }
    throw preconditionFailed(`there is no user '${'user' in lasting ? lasting.user : ''}' any more`)
  }

  async #begin(facts: JobFacts, { rights, lasting }: Asker): Promise<Job> {
    this.#checkRoom()
    const { store } = this.#context
    const job = new Job(this.#unusedId(), facts, this.#budget)
    const work = this.#prepare(job, rights)
    const run = job.begin(lasting)
    let isKept = false
    const ticket = this.#keep(() => {
      this.#forgetOldest()
      isKept = job.create(store)
      if (!isKept) job.forget(store)
    })
    if (!isKept) {
      throw new BrokerError('resource_exhausted', 'no room to keep the job: remove older ones')
    }
    this.#jobs.set(job.id, job)
    this.#run(job, work(run), ticket)
    await whenDurable(ticket)
    return job
  }

  /** Throws when the job cannot be done any more. */
  #prepare(job: Job, rights: Rights): (run: number) => { scan: Scan } {
    const { asked } = job.facts
    const segments = this.#segmentsOf(job, rights)
    const filter = asked.filter && compileFilter(asked.filter)
    const sender = createSender(this.#context, asked, rights)
    const context = this.#context
    return (run) => {
      const work = new JobWork({ job, segments, filter, sender, rights, context }, run)
      return { scan: new Scan(segments, context.store, work) }
    }
  }

  #segmentsOf(job: Job, rights: Rights): WorkSegment[] {
    const { facts } = job
    const { asked } = facts
    const vhost = this.#context.getVHost(asked.vhost)
    if (asked.of !== undefined) {
      if (!isSameQueue(vhost.getQueue(asked.queue), facts)) throw gone(asked)
      return segmentsOfMoved(vhost, this.#get(asked.of).moved, rights)
    }
    const queue = findSource(this.#context, asked, rights)
    if (!isSameQueue(queue, facts)) throw gone(asked)
    return segmentsOf(queue, facts)
  }

  /** Once it is durable that it runs; so is by then all that was there before. */
  #run(job: Job, { scan }: { readonly scan: Scan }, ticket: Ticket | undefined): void {
    const { clock } = this.#context
    // What is back already is not found again, and queues that are gone shift what is left.
    const isUndo = job.facts.asked.kind === 'undo'
    const end = (isWhole: boolean): void => {
      if (isWhole && job.state === 'running') job.stop('done', clock.now())
    }
    const fail = (error: unknown): void => {
      const reason = error instanceof Error ? error.message : String(error)
      if (job.state === 'running') job.stop('failed', clock.now(), reason)
    }
    void whenDurable(ticket)
      .then(() => this.#whenReadable(job))
      .then(() => this.#slices.run(scan.run(isUndo ? beginning : job.progress.place)))
      .then(end, fail)
      .then(() => {
        // Another run may have begun, or a stop has written itself.
        if (!this.#isClosed && this.#jobs.has(job.id))
          this.#keep(() => job.save(this.#context.store))
      })
  }

  /** After a restart it is not known where partitions end that other cells lead: a scan would end there. */
  async #whenReadable({ facts: { asked } }: Job): Promise<void> {
    await awaitEnds(this.#context.getVHost(asked.vhost).getQueue(asked.queue))
  }

  #stop(job: Job, state: 'paused' | 'cancelled'): Promise<void> {
    job.stop(state, this.#context.clock.now())
    return whenDurable(this.#keep(() => job.save(this.#context.store)))
  }

  #keep(change: () => void): Ticket | undefined {
    const { store } = this.#context
    store.beginAtom()
    change()
    return store.endAtom()
  }

  #checkRoom(): void {
    if (this.#isClosed) throw preconditionFailed('the broker is stopping')
    const jobs = [...this.#jobs.values()]
    const runningCount = jobs.filter(({ state }) => state === 'running').length
    const { runningMax, keptMax } = jobLimits
    if (runningCount >= runningMax) {
      throw preconditionFailed(`${runningMax} jobs are running: wait for one, pause or cancel it`)
    }
    if (jobs.length >= keptMax && !jobs.some(({ hasEnded }) => hasEnded)) {
      throw preconditionFailed(`${keptMax} jobs have not ended: cancel or remove some`)
    }
  }

  #forgetOldest(): void {
    if (this.#jobs.size < jobLimits.keptMax) return
    for (const job of this.#jobs.values()) {
      if (!job.hasEnded) continue
      this.#forget(job)
      return
    }
  }

  /** Within an atom. */
  #forget(job: Job): void {
    this.#jobs.delete(job.id)
    job.forget(this.#context.store)
  }

  #unusedId(): string {
    for (;;) {
      const id = this.#context.random.bytes(6).toString('hex')
      if (!this.#jobs.has(id)) return id
    }
  }

  #get(id: string): Job {
    const job = this.#jobs.get(id)
    if (job === undefined) throw preconditionFailed(`there is no job ${id}`)
    return job
  }
}
