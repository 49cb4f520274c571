// A run of rounds with Kafka clients, which live through all of them. A round:
// 1. idempotent producers send to a topic of several partitions and to a work queue, a consumer group
//    reads the topic and commits, an AMQP worker takes from the queue and acks;
// 2. the broker is killed at a moment chosen from the seed, and restarted (now and then it is killed
//    again while it starts): ends, committed offsets and leader epochs may not have gone back;
// 3. the clients go on where they were, then the producers are held, the readers read to the end, and
//    everything there is is compared with what was promised.

import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Consumer } from 'kafkajs'
import { type Random } from '../../../src/lib/random.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'
import { CrashFailure } from '../crash-failure.ts'
import type { CrashOptions } from '../crash-run.ts'
import { History } from '../history.ts'
import { armKill, chooseKillMoment, type KillMoment } from '../kill-moment.ts'
import type { Violation } from '../ledger.ts'
import { flagsOf, withPreloads } from '../with-preloads.ts'
import { BrokerView } from './broker-view.ts'
import { EndWatcher } from './end-watcher.ts'
import { Gate } from './gate.ts'
import { startGroupMember } from './group-member.ts'
import { ProgressJudge } from './judge-progress.ts'
import { judgeRecords } from './judge-records.ts'
import { KafkajsSender } from './kafkajs-sender.ts'
import { PipelinedSender } from './pipelined-sender.ts'
import { PlatformaticSender } from './platformatic-sender.ts'
import { produceRecords } from './produce-records.ts'
import { RecordLedger, type Session } from './record-ledger.ts'
import type { Sender } from './sender.ts'
import { TaskWorker } from './task-worker.ts'

export interface KafkaCrashSummary {
  readonly rounds: number
  readonly acked: number
  readonly delivered: number
  readonly commits: number
}

const startKillMsMax = 450
/** Clients that wait between attempts and groups that rebalance take their time. */
const recoveryMs = 45_000

/** Throws `CrashFailure` at the first broken promise; the data folder is kept then. */
export function runKafkaCrashRounds(options: CrashOptions): Promise<KafkaCrashSummary> {
  return withPreloads(options, async () => {
    await using broker = await TestBroker.start(['--log-level', 'warn', '--kafka-port', '0'])
    await using run = new KafkaCrashRun(options, broker)
    return await run.run()
  })
}

class KafkaCrashRun implements AsyncDisposable {
  readonly #options: CrashOptions
  readonly #broker: TestBroker
  readonly #history = new History()
  readonly #violations: Violation[] = []
  readonly #events: RecordLedger
  readonly #tasks: RecordLedger
  readonly #progress: ProgressJudge
  readonly #worker: TaskWorker
  readonly #watcher: EndWatcher
  readonly #gate = new Gate()
  readonly #sessions: Session[] = []
  readonly #senders: Sender[] = []
  readonly #members: Consumer[] = []
  readonly #running: Promise<void>[] = []
  readonly #lines: string[] = []
  #isOver = false

  constructor(options: CrashOptions, broker: TestBroker) {
    this.#options = options
    this.#broker = broker
    const ledger = (name: string, partitionCount: number): RecordLedger =>
      new RecordLedger({ name, partitionCount }, this.#history, this.#violations)
    this.#events = ledger('events', 4)
    this.#tasks = ledger('tasks', 1)
    this.#progress = new ProgressJudge(this.#events)
    this.#worker = new TaskWorker(this.#tasks, broker.url)
    this.#watcher = new EndWatcher(this.#events, broker.kafkaPort)
  }

  async run(): Promise<KafkaCrashSummary> {
    const { rounds, seed } = this.#options
    this.#gate.close()
    await this.#start()
    for (let round = 1; round <= rounds; round++) {
      const random = seededRandom(seed * 7919 + round)
      await this.#round(round, random).catch((error: unknown) => {
        const text = `stopped: ${String(error).split('\n')[0]}`
        this.#violations.push({ queue: '', id: '', text })
      })
      if (this.#violations.length > 0) await this.#fail(round)
    }
    const { acked, delivered, commits } = this.#events.counts
    return { rounds, acked, delivered, commits }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#gate.open()
    this.#watcher.close()
    // A client that cannot reach the broker would go on trying.
    const closing = [
      ...this.#members.map((member) => member.disconnect()),
      ...this.#senders.map((sender) => sender.close()),
      this.#worker.close(),
    ]
    await Promise.race([Promise.allSettled(closing), delay(2000)])
  }

  async #start(): Promise<void> {
    {
      await using view = await this.#view()
      await view.createTopic(this.#events.topic, this.#events.partitionCount)
      await this.#progress.judge(view)
    }
    {
      await using session = await AmqpSession.open(this.#broker.url)
      await (await session.channel()).assertQueue(this.#tasks.topic, { durable: true })
    }
    const port = this.#broker.kafkaPort
    const { topic } = this.#events
    await this.#produce(this.#events, 'kafkajs', KafkajsSender.open({ port, topic }))
    await this.#produce(this.#events, 'platformatic', PlatformaticSender.open({ port, topic }))
    await this.#produce(this.#events, 'pipelined', PipelinedSender.open({ port, topic }))
    const tasks = { port, topic: this.#tasks.topic }
    await this.#produce(this.#tasks, 'tasks', PipelinedSender.open(tasks))
    for (const name of ['member0', 'member1']) {
      this.#members.push(await startGroupMember(this.#events, { name, port }))
    }
    this.#running.push(this.#worker.run(), this.#watcher.run())
  }

  async #produce(ledger: RecordLedger, name: string, opening: Promise<Sender>): Promise<void> {
    const sender = await opening
    const session = ledger.openSession(name)
    const random = seededRandom(this.#options.seed * 1009 + this.#sessions.length)
    this.#senders.push(sender)
    this.#sessions.push(session)
    const isOver = (): boolean => this.#isOver
    const gate = this.#gate
    this.#running.push(produceRecords({ ledger, session, sender, gate, random, isOver }))
  }

  async #round(round: number, random: Random): Promise<void> {
    const startedAt = performance.now()
    const before = { ...this.#events.counts }
    const moment = chooseKillMoment(random, this.#options.hasSmallFiles)
    this.#history.beginRound(round)
    this.#gate.open()
    await this.#killed(moment)
    const isKilledAgain = random.below(4) === 0
    if (isKilledAgain) await this.#killWhileStarting(random.below(startKillMsMax))
    await this.#broker.restart()
    const restartedAt = performance.now()
    const recordCount = await this.#verify()
    const { counts } = this.#events
    const { signal, by, count } = moment
    this.#report(
      `round ${round}: ${signal} by ${by} ${count}${isKilledAgain ? ', again at the start' : ''}; ` +
        `${counts.sent - before.sent} sent, ${counts.acked - before.acked} acked, ` +
        `${counts.delivered - before.delivered} read, ${counts.commits - before.commits} commits; ` +
        `${recordCount} found; ` +
        `${Math.round(restartedAt - startedAt)} + ${Math.round(performance.now() - restartedAt)} ms`,
    )
  }

  async #killed(moment: KillMoment): Promise<void> {
    const logFolder = join(this.#broker.dataFolder, 'wal')
    await new Promise<void>((resolve) => {
      armKill(moment, { history: this.#history, logFolder }, resolve)
    })
    this.#history.note('run', moment.signal)
    if (moment.signal === 'SIGKILL') return this.#broker.kill()
    const exitCode = await this.#broker.stop()
    if (exitCode !== 0) this.#events.violate(0, '', `SIGTERM ended with exit code ${exitCode}`)
  }

  async #killWhileStarting(ms: number): Promise<void> {
    this.#history.note('run', `starts, and SIGKILL after ${ms} ms`)
    const starting = this.#broker.restart().catch(() => {})
    await delay(ms)
    await this.#broker.kill()
    await starting
  }

  /** Returns how many records the topic has. */
  async #verify(): Promise<number> {
    this.#history.note('run', 'the broker is back')
    await using view = await this.#view()
    await this.#progress.judge(view)
    const acks = this.#sessions.map((session) => session.acks)
    await this.#until('every producer goes on', () =>
      this.#sessions.every((session, index) => session.acks > acks[index]!),
    )
    this.#gate.close()
    await this.#until('everything is answered', () =>
      this.#sessions.every(({ inFlight }) => inFlight === 0),
    )
    await this.#until('the group has read everything', () => this.#progress.isRead(view))
    await this.#until('the worker has got everything', () => this.#worker.missingCount === 0)
    const recordCount = await judgeRecords(this.#events, view, this.#watcher)
    await this.#progress.judge(view, { isSameStart: true })
    this.#progress.judgeReading()
    return recordCount
  }

  /** Waits, unless a promise was broken. */
  async #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const isDone = async (): Promise<boolean> => this.#violations.length > 0 || condition()
    await waitFor(what, isDone, recoveryMs)
    if (this.#violations.length > 0) throw new Error('a promise was broken')
  }

  #view(): Promise<BrokerView> {
    return BrokerView.open(this.#broker.kafkaPort)
  }

  #report(line: string): void {
    this.#lines.push(line)
    this.#options.onRound?.(line)
  }

  async #fail(round: number): Promise<never> {
    // Clients can only leave a broker that is there.
    await this.#broker.kill()
    await this.#broker.restart().catch(() => {})
    await this[Symbol.asyncDispose]()
    await this.#broker.kill()
    const kept = mkdtempSync(join(tmpdir(), 'pabal-crash-'))
    cpSync(this.#broker.dataFolder, kept, { recursive: true })
    const { seed } = this.#options
    const broken = { history: this.#history, violations: this.#violations }
    throw new CrashFailure(broken, {
      seed,
      round,
      flags: ['--kafka', ...flagsOf(this.#options)],
      rounds: this.#lines,
      dataFolder: kept,
      output: this.#broker.output,
    })
  }
}
