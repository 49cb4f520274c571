// A whole broker and many clients of it in one process, with everything that could differ from one run to
// the next decided by a seed.
//
// The fault model:
// - Time is virtual. A turn of the event loop and each look at the clock may cost time, timers fire late.
// - The network delivers what was sent in order, in pieces of any size, after any time up to a maximum, and
//   has a window. Connections are reset, fall silent for ever, or have a client that stops reading.
// - The broker is killed at any moment, also while it starts, or stopped in good order. A kill leaves what was
//   written; when the power is cut, only what was synced is sure: of other writes nothing, all or a part may
//   be there, in any combination, and so of created, renamed and removed names.
// - The disk takes its time, sometimes long. For a while any operation that changes something may fail, with
//   or without effect; what was unsynced when a sync failed is lost though later syncs succeed. It is
//   full for a while. What was read is what was written: rot is for tests of recovery.
// - Threads are none: their work takes virtual time, and the one for large batches may die.
//
// A run has three parts. First clients work and are troubled. Then everything is put right, clients come to
// an end, and every one of them must: a request without an answer is found here. At last the broker is
// ended once more, started, and all that it has is compared with what clients know.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { amqpProtocol } from './amqp/amqp-protocol.ts'
import { Drain } from './amqp/drain.ts'
import * as work from './amqp/work.ts'
import { Client, type Protocol, type Work } from './client.ts'
import { enforceLimits } from './draw-limits.ts'
import { Draw } from './draw.ts'
import { EventLoop } from './event-loop.ts'
import { Invariants } from './invariants.ts'
import { administer } from './kafka/administer.ts'
import { Fetcher } from './kafka/fetcher.ts'
import { GroupMember } from './kafka/group-member.ts'
import { KafkaDrain } from './kafka/kafka-drain.ts'
import { kafkaProtocol } from './kafka/kafka-protocol.ts'
import { Producer } from './kafka/producer.ts'
import { ledgerClients } from './ledger/ledger-clients.ts'
import { LedgerDrain } from './ledger/ledger-drain.ts'
import { LedgerWorld } from './ledger/ledger-world.ts'
import { Violation } from './model/history.ts'
import { Nemesis } from './nemesis.ts'
import { parcelClients } from './parcels/parcel-clients.ts'
import { ParcelDrain } from './parcels/parcel-drain.ts'
import { ParcelWorld } from './parcels/parcel-world.ts'
import { drawPlan, type Plan } from './plan.ts'
import { LetterDrain } from './rules/letter-drain.ts'
import { ruleClients } from './rules/rule-clients.ts'
import { RuleWorld } from './rules/rule-world.ts'
import { Trace } from './trace.ts'
import { World } from './world.ts'

export interface SimulationResult {
  readonly seed: number
  /** Over everything that happened: the same seed has the same. */
  readonly hash: number
  readonly eventCount: number
  readonly stepCount: number
  readonly turnCount: number
  readonly violation: Violation | undefined
  /** What happened last, for a report. */
  readonly recent: readonly string[]
}

export interface SimulationOptions {
  readonly seed: number
  /** Gets each event as a line. */
  readonly write?: ((line: string) => void) | undefined
  /** Changes the plan that the seed draws. */
  readonly adapt?: (plan: Plan) => Plan
}

/** A client, whatever it speaks. */
type RunningClient = Pick<Client<never>, 'name' | 'isRunning' | 'run'>

/** After everything was put right, whoever still waits for an answer after so long will for ever, in ms. */
const patienceMs = 600_000

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const drawn = drawPlan(options.seed)
  const plan = options.adapt?.(drawn) ?? drawn
  using _limits = enforceLimits(plan.limits)
  using _memory = withoutPool()
  const simulation = new Simulation(plan, options.write)
  using _watch = watchProcess((error) => simulation.world.report(error))
  // Without `await` limits and watch would be given up when the run begins.
  return await simulation.run()
}

class Simulation {
  readonly world: World
  readonly #plan: Plan
  readonly #loop: EventLoop
  readonly #trace: Trace
  readonly #nemesis: Nemesis
  readonly #invariants: Invariants
  readonly #rules: RuleWorld | undefined
  readonly #parcels: ParcelWorld | undefined
  readonly #ledger: LedgerWorld | undefined

  constructor(plan: Plan, write: SimulationOptions['write']) {
    this.#plan = plan
    const draw = new Draw(seededRandom(plan.seed ^ 0x100b))
    this.#loop = new EventLoop({
      busyMs: () => draw.time(plan.busyMsMax),
      onTurn: () => this.#invariants.check(),
      onThrown: (error) => this.world.report(error),
    })
    const { clock } = this.#loop
    this.#trace = new Trace({ now: () => clock.monotonic(), write })
    this.world = new World({ plan, clock, trace: this.#trace })
    this.#nemesis = new Nemesis(this.world)
    this.#invariants = new Invariants(this.world)
    this.#rules = plan.rules && new RuleWorld(this.world, plan.rules)
    this.#parcels = plan.parcels && new ParcelWorld(this.world, plan.parcels)
    this.#ledger = plan.ledger && new LedgerWorld(this.world, plan.ledger)
    this.world.model.letters = this.#rules?.letters
  }

  async run(): Promise<SimulationResult> {
    const clients = this.#clients()
    const troubles = this.#nemesis.run()
    const working = clients.map((client) => this.#watched(client.run()))
    await this.#pass(this.#plan.durationMs)
    this.world.isWindingDown = true
    await this.#finish('peace is made', Promise.all([troubles, this.#nemesis.makePeace()]))
    await this.#finish('all clients come to an end', Promise.all(working), () =>
      clients.filter(({ isRunning }) => isRunning).map(({ name }) => name),
    )
    this.#invariants.checkQuiet()
    this.#rules?.letters.checkSuspects()
    if (this.#plan.machine.engine === 'file') {
      await this.#finish('the broker starts again', this.#nemesis.restart())
    } else {
      const { network } = this.world
      await this.#finish(
        'all connections are gone',
        this.world.until(() => network.isQuiet),
      )
    }
    await this.#finish('every queue is emptied', new Drain(this.world).run())
    await this.#finish('every topic is read', new KafkaDrain(this.world).run())
    if (this.#rules !== undefined) {
      const drain = new LetterDrain(this.#rules)
      await this.#finish('every queue with rules is emptied', drain.run())
    }
    if (this.#parcels !== undefined) {
      const drain = new ParcelDrain(this.#parcels)
      await this.#finish('every queue of parcels is emptied', drain.run())
    }
    if (this.#ledger !== undefined) {
      const drain = new LedgerDrain(this.#ledger)
      await this.#finish('every transaction is read', drain.run())
    }
    return this.#result()
  }

  #clients(): RunningClient[] {
    const { clients } = this.#plan
    return [
      ...this.#make(clients.publishers, 'publisher', amqpProtocol, work.publish),
      ...this.#make(clients.consumers, 'consumer', amqpProtocol, work.consume),
      ...this.#make(clients.getters, 'getter', amqpProtocol, work.get),
      ...this.#make(clients.declarers, 'declarer', amqpProtocol, work.declare),
      ...this.#make(clients.transactors, 'transactor', amqpProtocol, work.transact),
      ...this.#make(clients.streamReaders, 'reader', amqpProtocol, work.readStream),
      ...this.#make(clients.administrators, 'admin', kafkaProtocol, administer),
      ...this.#make(clients.fetchers, 'fetcher', kafkaProtocol, Fetcher.work),
      ...this.#make(clients.members, 'member', kafkaProtocol, GroupMember.work),
      ...this.#makeProducers(clients.producers, 'producer', false),
      ...this.#makeProducers(clients.idempotentProducers, 'idempotent', true),
      ...(this.#rules === undefined ? [] : ruleClients(this.#rules)),
      ...(this.#parcels === undefined ? [] : parcelClients(this.#parcels)),
      ...(this.#ledger === undefined ? [] : ledgerClients(this.#ledger)),
    ]
  }

  /** What a producer has sent outlives its connections. */
  #makeProducers(count: number, kind: string, isIdempotent: boolean): RunningClient[] {
    return Array.from({ length: count }, (_, at) => {
      const { work } = new Producer(isIdempotent)
      return new Client(`${kind}${at}`, this.world, { protocol: kafkaProtocol, work })
    })
  }

  #make<Connection>(
    count: number,
    kind: string,
    protocol: Protocol<Connection>,
    work: Work<Connection>,
  ): RunningClient[] {
    const parts = { protocol, work }
    return Array.from({ length: count }, (_, at) => new Client(`${kind}${at}`, this.world, parts))
  }

  async #pass(ms: number): Promise<void> {
    await this.#loop.run(ms, () => this.#isBroken)
  }

  /** Lets time pass until `promise` is settled, but not for ever. */
  async #finish(what: string, promise: Promise<unknown>, missing?: () => string[]): Promise<void> {
    let isDone = false
    void this.#watched(promise).then(() => {
      isDone = true
    })
    if (this.#isBroken) return
    await this.#loop.run(patienceMs, () => isDone || this.#isBroken)
    if (isDone || this.#isBroken) return
    const who = missing === undefined ? '' : `: ${missing().join(', ')}`
    this.world.report(new Violation(`It takes too long until ${what}${who}`))
  }

  get #isBroken(): boolean {
    return this.world.history.violation !== undefined
  }

  async #watched(promise: Promise<unknown>): Promise<void> {
    try {
      await promise
    } catch (error) {
      this.world.report(error)
    }
  }

  #result(): SimulationResult {
    const { hash, count, recent } = this.#trace
    return {
      seed: this.#plan.seed,
      hash,
      eventCount: count,
      stepCount: this.world.stepCount,
      turnCount: this.#loop.turnCount,
      violation: this.world.history.violation,
      recent,
    }
  }
}

/** What would end a process by itself is a violation, too. */
function watchProcess(onBroken: (error: unknown) => void): Disposable {
  const listener = (error: unknown): void => onBroken(error)
  process.on('uncaughtException', listener)
  process.on('unhandledRejection', listener)
  return {
    [Symbol.dispose]: () => {
      process.off('uncaughtException', listener)
      process.off('unhandledRejection', listener)
    },
  }
}

/** Caches count the memory that a buffer is part of: what Node's pool was used for before must not matter. */
function withoutPool(): Disposable {
  const { poolSize } = Buffer
  Buffer.poolSize = 0
  return {
    [Symbol.dispose]: () => {
      Buffer.poolSize = poolSize
    },
  }
}
