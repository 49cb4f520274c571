// Jobs between two queues that others publish to and consume from: each message is in one place, whatever the
// order of what happens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { textOf } from '../../../test/support/queue-under-test.ts'
import { Rights } from '../../auth/rights.ts'
import type { Random } from '../../lib/random.ts'
import { type FieldInput, table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { Queue } from '../queue/queue.ts'
import type { JobAsked, JobKind } from './job-asked.ts'
import type { Asker, Jobs } from './jobs.ts'

const asker: Asker = {
  user: 'guest',
  rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
}

interface Held {
  readonly queue: string
  readonly offset: number
  readonly text: string
}

class Crowd {
  readonly #disk: DelaysOnDisk
  readonly #world: DelaysUnderTest
  readonly #jobs: Jobs
  readonly #random: Random
  readonly #held: Held[] = []
  readonly #published = new Set<string>()
  readonly #acked: string[] = []
  /** Texts of these digits are deleted by a job, sooner or later. */
  readonly #doomed = new Set<string>()

  constructor(disk: DelaysOnDisk, world: DelaysUnderTest, jobs: Jobs, random: Random) {
    this.#disk = disk
    this.#world = world
    this.#jobs = jobs
    this.#random = random
  }

  declare(name: string, args: { readonly [name: string]: FieldInput }): void {
    const { broker } = this.#world
    const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
    broker.declareQueue(broker.getVHost('/'), { name, ...rest, arguments: table(args) })
  }

  async step(): Promise<void> {
    const choice = this.#random.below(12)
    if (choice < 4) this.#publish(this.#anyQueue())
    else if (choice < 7) this.#take(this.#anyQueue())
    else if (choice < 9) this.#settle()
    else if (choice === 9) this.#begin()
    else if (choice === 10) this.#control()
    await this.#disk.turn()
    if (this.#random.next() < 0.2) this.#disk.clock.nextTimer()
  }

  /** Takes all there is; what is missing was doomed. */
  async check(seed: number): Promise<void> {
    for (const job of this.#jobs.all) if (job.state === 'running') void this.#jobs.cancel(job.id)
    while (this.#held.length > 0) this.#settle()
    for (const name of ['a', 'b']) {
      await this.#disk.until(() => {
        this.#acked.push(...this.#world.take(name).map(({ text }) => text))
        return this.#queue(name).messageCount === 0
      })
    }
    assert.equal(new Set(this.#acked).size, this.#acked.length, `seed ${seed}: doubled`)
    const missing = [...this.#published].filter((text) => !this.#acked.includes(text))
    const lost = missing.filter((text) => ![...this.#doomed].some((digit) => text.includes(digit)))
    assert.deepEqual(lost, [], `seed ${seed}: lost`)
    const kinds = [...this.#jobs.all].map(({ facts, progress }) => [
      facts.asked.kind,
      progress.done,
    ])
    assert.ok(kinds.length > 0, `seed ${seed}`)
  }

  #publish(queue: string): void {
    for (let count = this.#random.below(20); count > 0; count--) {
      const text = `${this.#published.size}`
      this.#published.add(text)
      const priority = this.#random.below(6)
      this.#world.publish(text, undefined, { exchange: '', key: queue, priority })
    }
  }

  #take(name: string): void {
    const view = new RecordView()
    for (let count = this.#random.below(6); count > 0; count--) {
      if (this.#queue(name).take(view) !== 'record') return
      this.#held.push({ queue: name, offset: view.offset, text: textOf(view) })
    }
  }

  #settle(): void {
    const [held] = this.#held.splice(this.#random.below(Math.max(1, this.#held.length)), 1)
    if (held === undefined) return
    const isAcked = this.#random.next() < 0.5
    if (isAcked) this.#acked.push(held.text)
    this.#queue(held.queue).settle(held.offset, isAcked ? 'ack' : 'requeue')
  }

  #begin(): void {
    const from = this.#anyQueue()
    const digit = `${this.#random.below(10)}`
    const kind: JobKind = this.#random.next() < 0.15 ? 'delete' : 'move'
    const isFiltered = kind === 'delete' || this.#random.next() < 0.5
    const asked: JobAsked = {
      kind,
      vhost: '/',
      queue: from,
      target: kind === 'delete' ? undefined : { to: 'queue', name: from === 'a' ? 'b' : 'a' },
      filter: isFiltered ? { text: digit } : undefined,
      onRefused: 'stop',
      messagesPerSecond: this.#random.next() < 0.5 ? 200 : undefined,
    }
    if (kind === 'delete') this.#doomed.add(digit)
    // There may be four already.
    this.#jobs.start(asked, asker).catch(() => undefined)
  }

  #control(): void {
    const all = [...this.#jobs.all]
    const job = all[this.#random.below(Math.max(1, all.length))]
    if (job === undefined) return
    const { kind } = job.facts.asked
    if (job.state === 'running') void this.#jobs.pause(job.id)
    else if (job.state === 'paused') void this.#resume(job.id)
    else if (kind === 'move') this.#jobs.undo(job.id, asker).catch(() => undefined)
  }

  async #resume(id: string): Promise<void> {
    try {
      await this.#jobs.resume(id, asker)
    } catch {
      // There are four already.
    }
  }

  #anyQueue(): string {
    return this.#random.next() < 0.5 ? 'a' : 'b'
  }

  #queue(name: string): Queue {
    const queue = this.#world.broker.getVHost('/').getQueue(name)
    assert.ok(queue instanceof Queue)
    return queue
  }
}

const kinds: readonly { readonly [name: string]: FieldInput }[] = [
  {},
  { 'x-queue-type': 'quorum' },
  { 'x-max-priority': 3 },
  { 'x-max-length-bytes': 1_000_000 },
]

test('whatever consumers, publishers and jobs do at one time, each message is in one place', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed)
    const disk = new DelaysOnDisk()
    const world = await disk.start()
    const crowd = new Crowd(disk, world, await world.broker.openJobs(), random)
    crowd.declare('a', kinds[seed % kinds.length]!)
    crowd.declare('b', kinds[(seed >> 1) % kinds.length]!)
    for (let count = 0; count < 300; count++) await crowd.step()
    await crowd.check(seed)
    await disk.stop(world)
  }
})
