// Sessions that share a filter, lose their connections, end, and crash with the broker; retained messages and wills beside
// them. Nothing that was confirmed is lost, and what is retained is what was published last.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionActor } from '../../../test/support/session-actor.ts'
import {
  guest,
  SessionsOnDisk,
  type SessionsProcess,
  sourceOf,
} from '../../../test/support/sessions-on-disk.ts'
import type { Random } from '../../lib/random.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

const seeds = Number(process.env['PABAL_TEST_SEEDS'] ?? 6)
const steps = 150
const topics = ['r/1', 'r/2', 'r.1']

interface Sent {
  readonly text: string
  isConfirmed: boolean
}

class Member {
  readonly id: string
  readonly expiryMs: number
  readonly got: string[] = []
  actor: SessionActor | undefined
  #seen = 0
  #released = 0

  constructor(id: string, expiryMs: number) {
    this.id = id
    this.expiryMs = expiryMs
  }

  connect(world: World): void {
    // Its session has ended: what it was sent with QoS 2 goes to nobody else [MQTT-4.8.2-5].
    if (this.expiryMs === 0) this.got.push(...(this.actor?.texts ?? []))
    this.actor = world.process.actor(this.id)
    this.#seen = 0
    this.#released = 0
    const { address, header, body } = world.newWill(this.id)
    const rest = { topic: undefined, retainedAs: undefined, delayMs: 0 }
    const will = { publisher: guest, address, header, body, ...rest }
    const { isPresent } = this.actor.connect({ receiveMax: 3, expiryMs: this.expiryMs, will })
    if (!isPresent) this.actor.subscribe('$share/g/jobs/#', { qos: 2 })
  }

  answer(random: Random): void {
    const { actor } = this
    if (actor?.session === undefined || actor.ends.length > 0) return
    while (this.#seen < actor.received.length && random.below(3) > 0) {
      const { text, qos, packetId } = actor.received[this.#seen++]!
      this.got.push(text)
      if (qos === 1) actor.session.onPuback(packetId, false)
      else actor.session.onPubrec(packetId, false)
    }
    while (this.#released < actor.released.length) {
      actor.session.onPubcomp(actor.released[this.#released++]!)
    }
  }
}

class World {
  readonly on = new SessionsOnDisk()
  process!: SessionsProcess
  readonly jobs: Sent[] = []
  readonly retained = new Map<string, Sent[]>(topics.map((topic) => [topic, []]))
  readonly members = [new Member('a', Infinity), new Member('b', Infinity), new Member('c', 0)]
  #willCount = 0

  newWill(id: string): ReturnType<typeof sourceOf> {
    const text = `${id} ${this.#willCount++}`
    return sourceOf('wills', text, { qos: 1 })
  }

  publish(topic: string, text: string, { isRetained }: { readonly isRetained: boolean }): Sent {
    const sent = { text, isConfirmed: false }
    const ticket = this.process.publish(topic, text, { qos: 2, isRetained })
    ticket?.whenDurable(() => (sent.isConfirmed = true))
    return sent
  }

  async crash(random: Random): Promise<void> {
    this.on.disk.crash(random)
    this.process = await this.on.start()
    for (const member of this.members) member.connect(this)
  }
}

async function step(world: World, random: Random): Promise<void> {
  const { members } = world
  const member = members[random.below(members.length)] as Member
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      world.jobs.push(world.publish('jobs/x', `job ${world.jobs.length}`, { isRetained: false }))
      break
    case 3:
    case 4: {
      const topic = topics[random.below(topics.length)] as string
      const all = world.retained.get(topic) as Sent[]
      const text = random.below(5) === 0 ? '' : `${topic} ${all.length}`
      all.push(world.publish(topic, text, { isRetained: true }))
      break
    }
    case 5:
      member.actor?.leave({ sendsWill: random.below(2) === 0 })
      member.connect(world)
      break
    case 6:
      if (random.below(4) === 0) await world.crash(random)
      break
    default:
      member.answer(random)
  }
  for (let turns = random.below(4); turns > 0; turns--) await world.on.disk.turn()
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const world = new World()
  world.process = await world.on.start()
  for (const member of world.members) member.connect(world)
  await world.on.settle()
  for (let count = 0; count < steps; count++) await step(world, random)
  for (let round = 0; round < 40; round++) {
    for (const member of world.members) member.answer(random)
    await world.on.disk.turn()
    if (round % 8 === 0) await world.on.settle()
  }
  judgeJobs(world)
  await judgeRetained(world)
}

function judgeJobs({ jobs, members }: World): void {
  const got = new Set(members.flatMap((member) => member.got))
  for (const { text, isConfirmed } of jobs)
    if (isConfirmed) assert.ok(got.has(text), `${text} is lost`)
  const known = new Set(jobs.map(({ text }) => text))
  for (const text of got) assert.ok(known.has(text), `${text} is invented`)
}

/** What is retained is the last that was confirmed, or one that came after it. */
async function judgeRetained(world: World): Promise<void> {
  await world.on.settle()
  await world.on.stop(world.process)
  world.process = await world.on.start()
  const reader = world.process.actor('reader')
  reader.connect({ receiveMax: 100 })
  reader.subscribe('#', { qos: 1 })
  await world.on.settle()
  for (const [topic, all] of world.retained) {
    const found = reader.received.filter((each) => each.topic === topic)
    assert.ok(found.length <= 1, `${topic} once`)
    const last = all.findLastIndex(({ isConfirmed }) => isConfirmed)
    const fitting = all.slice(Math.max(0, last)).map(({ text }) => text)
    if (last < 0) fitting.push('')
    assert.ok(
      fitting.includes(found[0]?.text ?? ''),
      `${topic}: ${found[0]?.text} of ${fitting.join()}`,
    )
  }
}

for (let seed = 1; seed <= seeds; seed++) {
  test(`shared and retained messages hold over crashes (seed ${seed})`, () => run(seed))
}
