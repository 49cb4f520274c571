// Traces follow single messages through the broker, whatever protocols they come and go by. They are in
// memory and cost nothing while none runs: see `MessageWatch`. Made when somebody asks for one.
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { traceLimits } from '../../limits/trace.ts'
import type { Log } from '../../log/log.ts'
import type { Ticket } from '../../log/ticket.ts'
import { decodeAddress } from '../../record/message/address.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { viewOfSource } from '../../record/message/view-of-source.ts'
import { BrokerError } from '../broker-error.ts'
import type { MessageFilter } from '../browse/message-filter.ts'
import type { Destination } from '../destination.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import type { VHost } from '../vhost.ts'
import { BatchLooks, type Browse } from './batch-looks.ts'
import { DecidedRanges } from './decided-ranges.ts'
import { lookForPresent } from './look-for-present.ts'
import { identityOf } from './message-identity.ts'
import type {
  ClientCause,
  GroupPlace,
  Handover,
  MessageObserver,
  MessageTrail,
  MessageWatch,
  PublishCause,
  RecordRange,
  WatchedRoute,
  WatchedStream,
} from './message-watch.ts'
import type { Party } from './party.ts'
import { logPlaceOf, logsOf, tracePlaceOf } from './stream-places.ts'
import type { TraceEventKind, TracePlace } from './trace-event.ts'
import { type Followed, Trace, type TraceFacts, type TraceNote } from './trace.ts'
import { type TracedMessage, Trail } from './trail.ts'

export interface TracesContext {
  readonly clock: Clock
  readonly random: Random
  readonly watch: MessageWatch
  readonly deletionListeners: ((stream: Destination) => void)[]
  findVHost(name: string): VHost<Destination> | undefined
  browse: Browse
}

export interface TraceAsked extends Pick<TraceFacts, 'vhost' | 'user' | 'asked'> {
  readonly filter: MessageFilter
  readonly seconds: number
  /** Where messages are looked for that are there already; undefined: nowhere. */
  readonly stream: Destination | undefined
}

/** In which trace something is followed, and as what. */
interface Known {
  readonly trace: Trace
  readonly followed: Followed
}

/** A message at one of its places. */
interface FollowedAt {
  readonly traced: TracedMessage
  readonly followed: Followed
  /** Its offset. */
  readonly at: number
  readonly place: TracePlace
}

const kindOf = {
  client: 'published',
  death: 'dead_lettered',
  delay_over: 'due',
  job: 'moved',
  history: 'replayed',
  transaction: 'published',
} as const satisfies Record<PublishCause['kind'], TraceEventKind>

const settled = {
  ack: 'acked',
  requeue: 'returned',
  fail: 'returned',
  reject: 'rejected',
} as const satisfies Record<SettleReason, TraceEventKind>

export class Traces implements MessageObserver {
  readonly #context: TracesContext
  /** Oldest first. */
  readonly #traces = new Map<string, Trace>()
  readonly #looks: BatchLooks
  readonly #decided = new DecidedRanges()
  #running: readonly Trace[] = []
  /** The virtual host that each was begun in. */
  readonly #homes = new WeakMap<Trace, VHost<Destination> | undefined>()
  #isListening = false

  constructor(context: TracesContext) {
    this.#context = context
    this.#looks = new BatchLooks(
      (stream, asked) => context.browse(stream, asked),
      ({ vhost, name }) => context.findVHost(vhost)?.findQueue(name),
    )
  }

  /** Oldest first. */
  get all(): Iterable<Trace> {
    this.#forgetGone()
    return this.#traces.values()
  }

  find(id: string): Trace | undefined {
    this.#forgetGone()
    return this.#traces.get(id)
  }

  /** Begins a trace. Throws `resource_exhausted` when too many run, or too many of the user. */
  start({ filter, seconds, stream, ...asked }: TraceAsked): Trace {
    this.#forgetGone()
    this.#makeRoom(asked.user)
    const { clock, random } = this.#context
    const id = random.bytes(6).toString('hex')
    const startedAt = clock.now()
    const facts = { ...asked, id, startedAt, endsAt: startedAt + seconds * 1000 }
    const trace: Trace = new Trace(facts, filter, () => {
      timer.stop()
      this.#watch()
    })
    const timer = clock.after(seconds * 1000, () => trace.stop('time'))
    this.#traces.set(id, trace)
    this.#homes.set(trace, this.#context.findVHost(asked.vhost))
    this.#watch()
    if (stream !== undefined) {
      lookForPresent(trace, stream, this.#context).catch(() => trace.unseenBatches++)
    }
    return trace
  }

  /** Ends it and forgets it. */
  remove(trace: Trace): void {
    trace.stop('stopped')
    this.#traces.delete(trace.facts.id)
  }

  close(): void {
    for (const trace of this.#running) trace.stop('stopped')
  }

  onPublish(
    source: RecordSource,
    route: WatchedRoute,
    cause: PublishCause,
  ): MessageTrail | undefined {
    const vhost = 'from' in cause ? cause.from.vhost : cause.vhost
    if (!this.#isRunningIn(vhost)) return undefined
    const view = viewOfSource(source)
    const known = 'from' in cause ? this.#known(cause.from, cause.place) : []
    const traced = this.#traced(vhost, view, known)
    if (traced.length === 0) return undefined
    const { exchange, routingKey } = decodeAddress(view.buffer, view.addressStart)
    const party = cause.kind === 'client' ? cause.client.party : undefined
    const place = 'from' in cause ? this.#placeIn(cause.from, cause.place) : undefined
    const about = { exchange, party, place }
    const trail = new Trail(traced, about, () => this.#context.clock.now())
    trail.tell(kindOf[cause.kind], { ...about, routingKey, identity: identityOf(view) })
    const isRepeat = route.idNotes?.some((note) => note.isRepeat) === true
    const isRouted = route.queues.length > 0 || route.delays.length > 0
    if (!isRouted) trail.tell(isRepeat ? 'repeated' : 'unroutable')
    return trail
  }

  onAnswer(source: RecordSource, { vhost, client }: ClientCause, isRouted: boolean): void {
    if (!this.#isRunningIn(vhost)) return
    const view = viewOfSource(source)
    const traced = this.#traced(vhost, view, [])
    if (traced.length === 0) return
    const { exchange, routingKey } = decodeAddress(view.buffer, view.addressStart)
    const about = { exchange, party: client.party }
    const trail = new Trail(traced, about, () => this.#context.clock.now())
    trail.tell('published', { ...about, routingKey, identity: identityOf(view) })
    trail.tell(isRouted ? 'answered' : 'unroutable')
  }

  onBatch(range: RecordRange, party: Party, ticket: Ticket | undefined): void {
    const at = this.#context.clock.now()
    const { stream, log, partition } = range
    for (const trace of this.#runningIn(stream.vhost)) {
      this.#looks.look(trace, { range, ticket }, (records) => {
        for (const { offset, identity } of records) {
          const message = trace.find(log.id, offset)?.message ?? trace.numberOf(identity)
          if (message === 0) return
          trace.follow(log.id, offset, message)
          const place = tracePlaceOf(stream, { index: partition, offset })
          const about = { place, party }
          trace.add({ at, message, kind: 'published', about, party, identity })
          trace.add({ at, message, kind: 'routed', place })
          trace.add({ at: this.#context.clock.now(), message, kind: 'durable', about })
          const decided = this.#decided.find(log.id, offset)
          if (decided !== undefined) trace.add({ ...decided, message, kind: 'decided', place })
        }
      })
    }
  }

  onDecided(
    { stream, log }: Pick<RecordRange, 'stream' | 'log'>,
    ranges: readonly Pick<RecordRange, 'first' | 'last'>[],
    isCommit: boolean,
  ): void {
    if (!this.#isRunningIn(stream.vhost)) return
    const reason = isCommit ? 'committed' : 'aborted'
    this.#decided.add({ logId: log.id, ranges, at: this.#context.clock.now(), reason })
    for (const { traced, at, place } of this.#followedIn(stream, log)) {
      const isIn = ranges.some(({ first, last }) => at >= first && at <= last)
      if (isIn) this.#tell(traced, 'decided', place, { reason })
    }
  }

  onHandover(from: WatchedStream, view: RecordView, handover: Handover): void {
    const place = logPlaceOf(from, view.offset)
    if (place === undefined) return
    const { log, offset } = place
    const { kind, to, isRedelivered, isNoAck } = handover
    const traced = this.#traced(from.vhost, view, this.#known(from, view.offset))
    for (const { trace, message } of traced) {
      const known = trace.find(log.id, offset)
      const followed = known ?? trace.follow(log.id, offset, message)
      followed.holder = to.party
      trace.add({
        at: this.#context.clock.now(),
        message,
        kind,
        place: tracePlaceOf(from, place),
        party: to.party,
        isRedelivered,
        isNoAck,
        identity: known === undefined ? identityOf(view) : undefined,
      })
    }
  }

  onFetched({ stream, log, first, last }: RecordRange, party: Party): void {
    for (const { traced, at, place } of this.#followedIn(stream, log)) {
      if (at < first || at > last) continue
      this.#tell(traced, 'fetched', place, { party })
    }
  }

  onCommitted(vhost: string, group: string, { topic, partition, offset }: GroupPlace): void {
    if (!this.#isRunningIn(vhost)) return
    const stream = this.#context.findVHost(vhost)?.findQueue(topic)
    const log = stream && logsOf(stream)[partition]
    if (stream === undefined || log === undefined) return
    for (const { traced, followed, at, place } of this.#followedIn(stream, log)) {
      if (at >= offset || followed.groups?.has(group) === true) continue
      followed.groups ??= new Set()
      followed.groups.add(group)
      this.#tell(traced, 'committed', place, { group })
    }
  }

  onSettled(queue: WatchedStream, place: number, reason: SettleReason): void {
    const kind = settled[reason]
    const isReturned = kind === 'returned'
    for (const { trace, followed } of this.#known(queue, place)) {
      const { message, holder: party } = followed
      const told = { party, reason: isReturned ? reason : undefined }
      this.#tell({ trace, message }, kind, this.#placeIn(queue, place), told)
    }
  }

  onDeath(queue: WatchedStream, place: number, reason: DeathReason, isDropped: boolean): void {
    for (const { trace, followed } of this.#known(queue, place)) {
      const at = this.#placeIn(queue, place)
      this.#tell({ trace, message: followed.message }, 'died', at, { reason })
      if (isDropped) this.#tell({ trace, message: followed.message }, 'dropped', at)
    }
  }

  onDeathUnroutable(queue: WatchedStream, place: number, isDropped: boolean): void {
    for (const { trace, followed } of this.#known(queue, place)) {
      const kind = isDropped ? 'dropped' : 'kept'
      this.#tell({ trace, message: followed.message }, kind, this.#placeIn(queue, place))
    }
  }

  onDeleted(queue: WatchedStream, log: Log, offset: number): void {
    for (const { traced, at, place } of this.#followedIn(queue, log)) {
      if (at === offset) this.#tell(traced, 'deleted', place)
    }
  }

  onPurge({ vhost, name }: WatchedStream): void {
    const queue = this.#context.findVHost(vhost)?.findQueue(name)
    if (queue?.kind !== 'queue' || !this.#isRunningIn(vhost)) return
    for (const part of queue.parts) {
      const { log } = part.cursor
      const stateOf = part.statesIn(0, log.endOffset - 1, this.#context.clock.now())
      for (const { traced, at, place } of this.#followedIn(queue, log)) {
        const state = stateOf(at)
        if (state === 'ready' || state === 'delayed') this.#tell(traced, 'purged', place)
      }
    }
  }

  readonly #onStreamDeleted = (stream: Destination): void => {
    if (this.#runningIn(stream.vhost).length === 0) return
    for (const [index, log] of logsOf(stream).entries()) {
      const now = this.#context.clock.now()
      const part = stream.kind === 'queue' ? stream.parts[index] : undefined
      const stateOf = part?.statesIn(0, log.endOffset - 1, now)
      for (const { traced, at, place } of this.#followedIn(stream, log)) {
        // What has ended before is not taken away again.
        if (stateOf?.(at) !== 'acked') this.#tell(traced, 'stream_deleted', place)
      }
    }
  };

  /** All that is followed in one of the logs of a stream. */
  *#followedIn(stream: WatchedStream, log: Log): Generator<FollowedAt> {
    const index = logsOf(stream).indexOf(log)
    for (const trace of this.#runningIn(stream.vhost)) {
      for (const [at, followed] of trace.in(log.id)) {
        const traced = { trace, message: followed.message }
        yield { traced, followed, at, place: tracePlaceOf(stream, { index, offset: at }) }
      }
    }
  }

  /** Only while a trace runs does anybody look at messages. */
  #watch(): void {
    this.#running = [...this.#traces.values()].filter(({ isRunning }) => isRunning)
    this.#context.watch.observer = this.#running.length > 0 ? this : undefined
    if (this.#isListening) return
    this.#isListening = true
    this.#context.deletionListeners.push(this.#onStreamDeleted)
  }

  /** Those of virtual hosts that are gone: one of the same name has others. */
  #forgetGone(): void {
    for (const trace of this.#traces.values()) {
      if (this.#homes.get(trace) !== this.#context.findVHost(trace.facts.vhost)) this.remove(trace)
    }
  }

  #makeRoom(user: string): void {
    const own = this.#running.filter(({ facts }) => facts.user === user)
    if (own.length >= traceLimits.runningPerUserMax) {
      throw new BrokerError(
        'resource_exhausted',
        `${traceLimits.runningPerUserMax} traces of the user run: stop one of them first`,
      )
    }
    if (this.#traces.size < traceLimits.tracesMax) return
    const oldest = [...this.#traces.values()].find(({ isRunning }) => !isRunning)
    if (oldest === undefined) {
      throw new BrokerError(
        'resource_exhausted',
        `${traceLimits.tracesMax} traces run: stop one of them first`,
      )
    }
    this.#traces.delete(oldest.facts.id)
  }

  #isRunningIn(vhost: string): boolean {
    return this.#running.some(({ facts }) => facts.vhost === vhost)
  }

  #runningIn(vhost: string): readonly Trace[] {
    return this.#running.filter(({ facts }) => facts.vhost === vhost)
  }

  /** By which traces, and as what, the message at a place is followed. */
  #known(stream: WatchedStream, place: number): readonly Known[] {
    const at = logPlaceOf(stream, place)
    if (at === undefined) return []
    return this.#runningIn(stream.vhost).flatMap((trace) => {
      const followed = trace.find(at.log.id, at.offset)
      return followed === undefined ? [] : [{ trace, followed }]
    })
  }

  /** The same, and those whose filter finds it. */
  #traced(vhost: string, view: RecordView, known: readonly Known[]): readonly TracedMessage[] {
    const hasBody = view.asideId === 0 || view.body.length > 0
    return this.#runningIn(vhost).flatMap((trace) => {
      const followed = known.find((each) => each.trace === trace)?.followed
      if (followed !== undefined) return [{ trace, message: followed.message }]
      if (!trace.filter({ view, hasBody, state: undefined })) return []
      const message = trace.numberOf(identityOf(view))
      return message === 0 ? [] : [{ trace, message }]
    })
  }

  #placeIn(stream: WatchedStream, place: number): TracePlace | undefined {
    const at = logPlaceOf(stream, place)
    return at && tracePlaceOf(stream, at)
  }

  #tell(
    { trace, message }: TracedMessage,
    kind: TraceEventKind,
    place: TracePlace | undefined,
    told: Partial<Pick<TraceNote, 'party' | 'group' | 'reason'>> = {},
  ): void {
    trace.add({ at: this.#context.clock.now(), message, kind, place, ...told })
  }
}
