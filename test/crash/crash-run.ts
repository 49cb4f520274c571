// A run of rounds on one data folder. A round:
// 1. clients publish, consume, declare, make messages move and set policies; all is recorded;
// 2. the broker is killed at a moment chosen from the seed, and restarted (now and then it is killed
//    again while it starts, and the view of the topology is harmed before);
// 3. everything it has is read and compared with the ledger, and some of it is acked.
//
// What clients do follows from the seed; how their operations interleave, and which of them the broker
// gets to see before it dies, does not.

import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { checkTopology } from './check-topology.ts'
import { Churn } from './churn.ts'
import { CrashFailure } from './crash-failure.ts'
import { DelayedBook, delayedQueue } from './delayed.ts'
import { Drain } from './drain.ts'
import { ViewHarm } from './harm-view.ts'
import { History } from './history.ts'
import { judgeRecovery } from './judge-recovery.ts'
import { armKill, chooseKillMoment, type KillMoment } from './kill-moment.ts'
import { Ledger } from './ledger.ts'
import { Load } from './load.ts'
import { MovingBook } from './moves/moving-book.ts'
import { movingQueueNames } from './moves/moving-queues.ts'
import { PolicyChurn } from './policy-churn.ts'
import { declareStableTopology, highestPriorities, stableQueues } from './stable-topology.ts'
import { startClients } from './start-clients.ts'
import { type Conditions, flagsOf, withPreloads } from './with-preloads.ts'

export interface CrashOptions extends Conditions {
  readonly seed: number
  readonly rounds: number
  /** Told about each round. */
  readonly onRound?: (line: string) => void
}

export interface CrashSummary {
  readonly rounds: number
  readonly confirmed: number
  readonly received: number
  readonly removed: number
}

const churnCount = 2
const startKillMsMax = 450

/** Throws `CrashFailure` at the first broken promise; the data folder is kept then. */
export function runCrashRounds(options: CrashOptions): Promise<CrashSummary> {
  return withPreloads(options, async () => {
    await using broker = await TestBroker.start(['--log-level', 'warn'])
    return await new CrashRun(options, broker).run()
  })
}

class CrashRun {
  readonly #options: CrashOptions
  readonly #broker: TestBroker
  readonly #history = new History()
  readonly #ledger = new Ledger(this.#history)
  readonly #churns = Array.from({ length: churnCount }, (_, index) => new Churn(`churn${index}`))
  readonly #policies: PolicyChurn
  readonly #view: ViewHarm
  readonly #delayed = new DelayedBook()
  readonly #moving = new MovingBook(this.#ledger)
  readonly #lines: string[] = []

  constructor(options: CrashOptions, broker: TestBroker) {
    this.#options = options
    this.#broker = broker
    this.#policies = new PolicyChurn(broker.dataFolder)
    this.#view = new ViewHarm(broker.dataFolder)
  }

  async run(): Promise<CrashSummary> {
    const { rounds, seed } = this.#options
    await this.#declare()
    for (let round = 1; round <= rounds; round++) {
      const random = seededRandom(seed * 7919 + round)
      await this.#round(round, random).catch((error: unknown) => {
        this.#ledger.violate('', '', `stopped: ${String(error).split('\n')[0]}`)
      })
      if (this.#ledger.violations.length > 0) await this.#fail(round)
    }
    return { rounds, ...this.#ledger.counts }
  }

  async #declare(): Promise<void> {
    await using session = await AmqpSession.open(this.#broker.url)
    const channel = await session.channel()
    await declareStableTopology(channel)
    await this.#delayed.declare(channel)
    await this.#moving.declare(channel)
    for (const queue of stableQueues) {
      this.#ledger.queue(queue).levelMax = highestPriorities.get(queue) ?? 0
    }
  }

  async #round(round: number, random: Random): Promise<void> {
    const startedAt = performance.now()
    const before = { ...this.#ledger.counts }
    const moment = chooseKillMoment(random, this.#options.hasSmallFiles)
    this.#history.beginRound(round)
    await this.#loadUntilKilled(round, { random, moment })
    const harm = random.below(3) === 0 ? this.#harmView(random) : undefined
    const isKilledAgain = random.below(4) === 0
    if (isKilledAgain) await this.#killWhileStarting(random.below(startKillMsMax))
    await this.#broker.restart()
    const restarted = performance.now()
    const found = await this.#verify(round, random)
    if (harm !== undefined)
      await this.#view.waitUntilMade([...this.#queueNames, delayedQueue, ...movingQueueNames])
    const { counts } = this.#ledger
    const { signal, by, count } = moment
    this.#report(
      `round ${round}: ${signal} by ${by} ${count}${isKilledAgain ? ', again at the start' : ''}` +
        `${harm === undefined ? '' : `, meta.db ${harm}`}; ` +
        `${counts.published - before.published} published, ` +
        `${counts.confirmed - before.confirmed} confirmed, ` +
        `${counts.received - before.received} received, ` +
        `${counts.removed - before.removed} removed; ${found} found; ` +
        `${Math.round(restarted - startedAt)} + ${Math.round(performance.now() - restarted)} ms`,
    )
  }

  async #loadUntilKilled(
    round: number,
    { random, moment }: { random: Random; moment: KillMoment },
  ): Promise<void> {
    const seed = this.#options.seed * 7919 + round
    const load = new Load(this.#broker.url, this.#ledger, { round, seed })
    const killed = new Promise<void>((resolve, reject) => {
      const kill = (): void => {
        load.end()
        this.#history.note('run', moment.signal)
        const ended = moment.signal === 'SIGKILL' ? this.#broker.kill() : this.#stop()
        ended.then(resolve, reject)
      }
      const logFolder = join(this.#broker.dataFolder, 'wal')
      const disarm = armKill(moment, { history: this.#history, logFolder }, kill)
      load.failed.then(async (error) => {
        disarm()
        load.end()
        await this.#broker.kill()
        reject(error)
      }, reject)
    })
    startClients(load, this.#churns, random)
    load.start('policy', (_actor, name, own) => this.#policies.changeUntilKilled(load, name, own))
    load.start('delay', (actor, name, own) =>
      this.#delayed.publishUntilKilled(actor, { name, random: own }),
    )
    load.start('move', (actor, name, own) =>
      this.#moving.publishUntilKilled(actor, { name, random: own }),
    )
    load.start('settle', (actor, name, own) =>
      this.#moving.settleUntilKilled(actor, { name, random: own }),
    )
    try {
      await killed
    } finally {
      await load.ended()
    }
  }

  async #stop(): Promise<void> {
    const exitCode = await this.#broker.stop()
    if (exitCode !== 0) this.#ledger.violate('', '', `SIGTERM ended with exit code ${exitCode}`)
  }

  #harmView(random: Random): string | undefined {
    const harm = this.#view.apply(random)
    if (harm !== undefined) this.#history.note('run', `meta.db ${harm}`)
    return harm
  }

  /** Of all durable queues that there are now and that the ledger knows. */
  get #queueNames(): readonly string[] {
    const churned = this.#churns
      .flatMap(({ queues }) => queues)
      .filter(({ presence }) => presence === 'present')
    return [...stableQueues, ...churned.map(({ name }) => name)]
  }

  async #killWhileStarting(ms: number): Promise<void> {
    this.#history.note('run', `starts, and SIGKILL after ${ms} ms`)
    const starting = this.#broker.restart().catch(() => {})
    await delay(ms)
    await this.#broker.kill()
    await starting
  }

  /** Returns how many messages the broker had. */
  async #verify(round: number, random: Random): Promise<number> {
    const name = `r${round}.check`
    this.#history.note('run', 'the broker is back')
    this.#ledger.isRecovering = true
    await using session = await AmqpSession.open(this.#broker.url, { noDelay: true })
    const check = { session, ledger: this.#ledger, name }
    await this.#delayed.mark(session)
    await checkTopology(check, this.#churns)
    await this.#policies.check(this.#ledger)
    const drain = new Drain(session, this.#ledger, name)
    for (const queue of this.#queueNames) {
      await drain.take(this.#ledger.queue(queue))
    }
    judgeRecovery(this.#ledger, drain.found)
    await Promise.all([
      this.#delayed.check(session, this.#ledger),
      this.#moving.check(session, random),
    ])
    this.#ledger.isRecovering = false
    if (this.#ledger.violations.length === 0) await drain.trim(random)
    return [...drain.found.values()].reduce((sum, copies) => sum + copies.length, 0)
  }

  #report(line: string): void {
    this.#lines.push(line)
    this.#options.onRound?.(line)
  }

  async #fail(round: number): Promise<never> {
    await this.#broker.kill()
    const kept = mkdtempSync(join(tmpdir(), 'pabal-crash-'))
    cpSync(this.#broker.dataFolder, kept, { recursive: true })
    const { seed } = this.#options
    throw new CrashFailure(this.#ledger, {
      seed,
      round,
      flags: ['--amqp', ...flagsOf(this.#options)],
      rounds: this.#lines,
      dataFolder: kept,
      output: this.#broker.output,
    })
  }
}
