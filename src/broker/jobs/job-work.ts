// Does what a job was asked for, a batch at a time. Each batch is one atom: appended there, acked here, and how
// far the job is written down. So a crash loses and doubles nothing, whatever the job does next.
import type { Rights } from '../../auth/rights.ts'
import type { Clock } from '../../lib/clock.ts'
import { jobLimits } from '../../limits/jobs.ts'
import { logLimits } from '../../limits/log.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { queueFull } from '../broker-error.ts'
import type { StateOf } from '../browse/browsed-part.ts'
import type { MessageFilter } from '../browse/message-filter.ts'
import type { Destination } from '../destination.ts'
import type { IdNote } from '../exchange/message-ids.ts'
import { permit } from '../permit.ts'
import { prepareFor } from '../publish/message-router.ts'
import { Publisher, type PublisherContext } from '../publish/publisher.ts'
import { QueueRoom } from '../publish/queue-room.ts'
import { placeOf } from '../queue/message-place.ts'
import type { BacklogPart } from '../queue/queue-backlog.ts'
import type { Queue } from '../queue/queue.ts'
import { TokenBucket } from '../rate/token-bucket.ts'
import { isRouted, type Route } from '../route-cache.ts'
import type { Shortage } from '../shortage.ts'
import { JobPace } from './job-pace.ts'
import type { BatchResult, Job } from './job.ts'
import { type Former, type MessageSender, type Outgoing, reasonOf } from './message-sender.ts'
import type { ScanPlace, Segment, Visitor } from './scan.ts'

/** A stretch of messages that the job is about. */
export interface WorkSegment extends Segment {
  readonly queue: Destination
  /** Where they leave; undefined: they stay. */
  readonly backlog: BacklogPart | undefined
  /** Of what comes back: what it was like. */
  readonly former: Former | undefined
}

export interface WorkOptions {
  readonly job: Job
  readonly segments: readonly WorkSegment[]
  readonly filter: MessageFilter | undefined
  /** Undefined: the messages are deleted. */
  readonly sender: MessageSender | undefined
  /** What its user may do, at any moment. */
  readonly rights: Rights
  readonly context: WorkContext
}

export interface WorkContext extends PublisherContext {
  readonly clock: Clock
  readonly shortage: Shortage
}

/** A message that the batch acts on. */
interface Chosen {
  readonly offset: number
  readonly size: number
  readonly outgoing: Outgoing | undefined
  readonly former: Former | undefined
}

const noAddress: Buffer = Buffer.alloc(0)

export class JobWork implements Visitor {
  readonly #options: WorkOptions
  readonly #run: number
  readonly #publisher: Publisher
  readonly #messageRate: TokenBucket | undefined
  readonly #byteRate: TokenBucket | undefined
  readonly #countMax: number
  readonly #sizeMax: number
  /** What was written last, when the disk has much to do. */
  #ticket: Ticket | undefined
  #former: Former = { address: noAddress, hasDeaths: false }

  // Of the batch.
  #lateAt = 0
  #segment!: WorkSegment
  #stateOf!: StateOf
  #room = new QueueRoom()
  #chosen: Chosen[] = []
  #size = 0
  #looked = 0
  #skips: string[] = []
  #reserved: IdNote[] = []
  /** Why the job ends or waits before the next message. */
  #refusal: string | undefined
  /** Why its user may not read the messages. */
  #denial: string | undefined
  /** How long it waits for a target that takes nothing, and until when. */
  #retryMs = 0
  #retryAt = 0

  constructor(options: WorkOptions, run: number) {
    const { job, context } = options
    const { messagesPerSecond, bytesPerSecond } = job.facts.asked
    this.#options = options
    this.#run = run
    job.pace = new JobPace(context.clock, job.progress.looked)
    this.#publisher = new Publisher(context)
    const { batchMs, batchCountMax, batchSizeMax } = jobLimits
    this.#messageRate = bucketFor(context.clock, messagesPerSecond)
    this.#byteRate = bucketFor(context.clock, bytesPerSecond)
    this.#countMax = Math.min(batchCountMax, ((messagesPerSecond ?? Infinity) * batchMs) / 1000)
    this.#sizeMax = Math.min(batchSizeMax, ((bytesPerSecond ?? Infinity) * batchMs) / 1000)
  }

  mayGoOn(): 'yes' | 'no' | Promise<void> {
    const { job, context } = this.#options
    if (!job.isRunning(this.#run)) return 'no'
    const { shortage, clock, store } = context
    if (shortage.reason !== undefined) {
      return job.waitFor((done) => shortage.onChange((isShort) => isShort || done()))
    }
    const ticket = this.#ticket
    this.#ticket = undefined
    if (ticket?.isDurable === false && store.uncommittedSize >= logLimits.uncommittedSizeMax) {
      return new Promise((resolve) => ticket.whenDurable(resolve))
    }
    const debtMs = Math.max(
      this.#messageRate?.debtMs ?? 0,
      this.#byteRate?.debtMs ?? 0,
      this.#retryAt - clock.monotonic(),
    )
    if (debtMs <= 0) return 'yes'
    return job.waitFor((done) => {
      const timer = clock.after(debtMs, done)
      return () => timer.stop()
    })
  }

  begin(_segment: Segment, index: number, last: number): void {
    const segment = this.#options.segments[index]!
    const { clock } = this.#options.context
    this.#segment = segment
    this.#lateAt = clock.monotonic() + jobLimits.sliceMs
    const { queue, part } = segment
    // Who waits for a message gets it before anybody else looks at the queue.
    if (queue.kind === 'queue') queue.deliverReady()
    this.#stateOf = part.statesIn(0, last, clock.now())
    this.#room = new QueueRoom()
    this.#chosen = []
    this.#size = 0
    this.#looked = 0
    this.#skips = []
    this.#refusal = undefined
    this.#denial = whyDenied(this.#options.rights, queue.name)
  }

  visit(view: RecordView, hasBody: boolean): boolean {
    const { job, filter, context } = this.#options
    const { queue } = this.#segment
    if (queue.isDeleted || this.#isFull || this.#isHeldUp) return false
    if (this.#looked > 0 && context.clock.monotonic() > this.#lateAt) return false
    const state = this.#stateOf(view.offset)
    const isHere = state === 'ready' || (queue.kind === 'topic' && state === undefined)
    const isBack = job.facts.asked.kind === 'undo'
    if (!isHere) {
      if (isBack && state !== 'acked') this.#skips.push('a consumer has it')
      return true
    }
    if (filter?.({ view, hasBody, state }) !== false) this.#choose(view)
    if (this.#refusal !== undefined) return false
    this.#looked++
    return true
  }

  finish(place: ScanPlace): void {
    const { job } = this.#options
    for (const { ids, id } of this.#reserved) ids.release(id)
    this.#reserved = []
    const { queue } = this.#segment
    const batch = {
      place,
      looked: this.#looked,
      done: this.#chosen.length,
      doneSize: this.#size,
      skips: this.#skips,
    }
    const isDone = this.#chosen.length > 0 ? this.#act(batch) : job.pass(batch)
    job.pace?.note(job.progress.looked)
    if (this.#looked > 0) this.#retryMs = 0
    if (!isDone) this.#stop('the keyed state of the log has no room to note how far it is')
    else if (queue.isDeleted) this.#stop(`queue '${queue.name}' was deleted`)
    else if (this.#denial !== undefined) this.#stop(this.#denial)
    else if (this.#refusal !== undefined) this.#endOrWait(this.#refusal)
  }

  #endOrWait(refusal: string): void {
    const { job, context } = this.#options
    if (job.facts.asked.onRefused !== 'wait') {
      this.#stop(refusal)
      return
    }
    const { retryMsMin, retryMsMax } = jobLimits
    this.#retryMs = Math.min(Math.max(retryMsMin, this.#retryMs * 2), retryMsMax)
    this.#retryAt = context.clock.monotonic() + this.#retryMs
    job.holdFor(refusal)
  }

  get #isHeldUp(): boolean {
    return this.#refusal !== undefined || this.#denial !== undefined
  }

  get #isFull(): boolean {
    return (
      this.#chosen.length > 0 &&
      (this.#chosen.length >= this.#countMax || this.#size >= this.#sizeMax)
    )
  }

  #stop(reason: string): void {
    const { job, context } = this.#options
    job.stop('failed', context.clock.now(), reason)
  }

  #choose(view: RecordView): void {
    const { sender, job } = this.#options
    const { offset, bodyStart, bodyEnd } = view
    const size = bodyEnd - bodyStart
    try {
      const { former, queue } = this.#segment
      const outgoing = sender?.prepare(view, queue, former)
      if (outgoing !== undefined) this.#admit(outgoing)
      this.#chosen.push({ offset, size, outgoing, former: this.#formerOf(view) })
      this.#size += size
    } catch (error) {
      const reason = reasonOf(error)
      if (job.facts.asked.onRefused === 'skip') this.#skips.push(reason)
      else this.#refusal = reason
    }
  }

  /** Throws for a full queue on its way. An id counts for the messages behind it. */
  #admit({ route, source }: Outgoing): void {
    const [full] = this.#room.admit(route, source)
    if (full !== undefined) throw queueFull(full.vhost, full.name)
    for (const note of route.idNotes ?? []) {
      if (note.isRepeat || !isRouted(route)) continue
      note.ids.reserve(note.id)
      this.#reserved.push(note)
    }
  }

  /** False, having done nothing, when how far the job is cannot be written down. */
  #act(batch: BatchResult): boolean {
    const { job, context } = this.#options
    const { store } = context
    const { queue, backlog } = this.#segment
    store.beginAtom()
    const isNoted = job.advance(store, batch)
    if (isNoted) {
      for (const chosen of this.#chosen) this.#send(chosen)
      backlog?.removeReady(this.#chosen)
      job.moved.save(store)
    }
    this.#ticket = store.endAtom()
    if (!isNoted) return false
    if (backlog !== undefined && queue.kind === 'queue') {
      queue.ends.sweep()
      queue.onReadable()
    }
    this.#messageRate?.take(batch.done)
    this.#byteRate?.take(batch.doneSize)
    return true
  }

  #send({ offset, outgoing, former }: Chosen): void {
    const { queue, part } = this.#segment
    if (outgoing === undefined) {
      this.#options.context.watch.observer?.onDeleted(queue, part.log, offset)
      return
    }
    const { route, source } = outgoing
    const target = former === undefined ? undefined : onlyQueueOf(route)
    const before = target?.levels.map(({ cursor }) => cursor.log.endOffset) ?? []
    prepareFor(route, source)
    const from = { kind: 'job', from: queue, place: placeOf(part.index, offset) } as const
    this.#publisher.publishWithinAtom(route, source, from)
    if (former === undefined) return
    const { moved } = this.#options.job
    if (target === undefined) {
      moved.isWhole = false
      return
    }
    // None when the queue had a message with its id.
    for (const [index, { cursor }] of target.levels.entries()) {
      const { id: logId, endOffset } = cursor.log
      if (endOffset === (before[index] ?? 0)) continue
      moved.add({ queue: target.name, logId, offset: endOffset - 1, former })
    }
  }

  /** Undefined unless the move can be undone. */
  #formerOf({ buffer, addressStart, headerStart, hasDeaths }: RecordView): Former | undefined {
    const { kind } = this.#options.job.facts.asked
    if (kind !== 'move' && kind !== 'redrive') return undefined
    const { address } = this.#former
    const isSame =
      hasDeaths === this.#former.hasDeaths &&
      address.compare(buffer, addressStart, headerStart) === 0
    if (!isSame) {
      this.#former = { address: Buffer.from(buffer.subarray(addressStart, headerStart)), hasDeaths }
    }
    return this.#former
  }
}

/** Undefined: the queue may be read. */
function whyDenied(rights: Rights, name: string): string | undefined {
  try {
    permit(rights, 'read', { kind: 'queue', name })
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

/** The queue that a message is in when it has only that way; undefined when it has others. */
function onlyQueueOf({ queues, delays }: Route): Queue | undefined {
  const [queue] = queues
  const isOnly = queues.length === 1 && delays.length === 0
  return isOnly && queue?.kind === 'queue' ? queue : undefined
}

function bucketFor(clock: Clock, rate: number | undefined): TokenBucket | undefined {
  return rate === undefined ? undefined : new TokenBucket(clock, rate)
}
