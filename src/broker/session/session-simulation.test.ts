// Clients that answer late, lose their connections and crash with the broker: what QoS 1 and 2 promise holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionActor } from '../../../test/support/session-actor.ts'
import { SessionsOnDisk, type SessionsProcess } from '../../../test/support/sessions-on-disk.ts'
import type { Random } from '../../lib/random.ts'
import type { Ticket } from '../../log/ticket.ts'
import { seededRandom } from '../../testing/seeded-random.ts'

const seeds = Number(process.env['PABAL_TEST_SEEDS'] ?? 8)
const steps = 120

interface Sent {
  readonly text: string
  readonly qos: 1 | 2
  isConfirmed: boolean
}

/** A client as MQTT wants it: it remembers ids of QoS 2 over its connections, and the broker's crashes. */
class CarefulClient {
  readonly got: { readonly text: string; readonly qos: number }[] = []
  readonly #held = new Set<number>()
  actor: SessionActor | undefined
  #seen = 0
  #released = 0

  connect(process: SessionsProcess): void {
    this.actor = process.actor('client')
    this.#seen = 0
    this.#released = 0
    const { isPresent } = this.actor.connect({ receiveMax: 4 })
    if (!isPresent) this.actor.subscribe('t/#', { qos: 2 })
  }

  /** Answers some of what has come, in order. */
  answer(random: Random): void {
    const { actor } = this
    if (actor?.session === undefined) return
    while (this.#seen < actor.received.length && random.below(4) > 0) {
      const { text, qos, packetId } = actor.received[this.#seen++]!
      if (qos === 1) {
        this.got.push({ text, qos })
        actor.session.onPuback(packetId, false)
        continue
      }
      if (!this.#held.has(packetId)) this.got.push({ text, qos })
      this.#held.add(packetId)
      actor.session.onPubrec(packetId, false)
    }
    while (this.#released < actor.released.length && random.below(4) > 0) {
      const packetId = actor.released[this.#released++]!
      this.#held.delete(packetId)
      actor.session.onPubcomp(packetId)
    }
  }
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const on = new SessionsOnDisk()
  let process = await on.start()
  const client = new CarefulClient()
  client.connect(process)
  await on.settle()
  const sent: Sent[] = []
  const publish = (): void => {
    const message: Sent = {
      text: `${sent.length}`,
      qos: random.below(2) === 0 ? 1 : 2,
      isConfirmed: false,
    }
    sent.push(message)
    const ticket: Ticket | undefined = process.publish('t/x', message.text, { qos: message.qos })
    ticket?.whenDurable(() => (message.isConfirmed = true))
  }
  for (let step = 0; step < steps; step++) {
    const what = random.below(40)
    if (what < 18) publish()
    else if (what < 34) client.answer(random)
    else if (what < 36) {
      client.actor?.leave()
      client.connect(process)
    } else if (what === 36) {
      on.disk.crash(random)
      process = await on.start()
      client.connect(process)
    }
    for (let turns = random.below(4); turns > 0; turns--) await on.disk.turn()
  }
  for (let round = 0; round < 60; round++) {
    client.answer(random)
    await on.disk.turn()
    if (round % 10 === 0) await on.settle()
  }
  judge(sent, client)
}

function judge(sent: readonly Sent[], { got }: CarefulClient): void {
  const texts = new Set(got.map(({ text }) => text))
  for (const { text, isConfirmed } of sent)
    if (isConfirmed) assert.ok(texts.has(text), `${text} is lost`)
  const once = got.filter(({ qos }) => qos === 2).map(({ text }) => text)
  assert.equal(new Set(once).size, once.length, 'QoS 2 came twice')
  for (const qos of [1, 2]) {
    const first = [
      ...new Set(got.filter((each) => each.qos === qos).map(({ text }) => Number(text))),
    ]
    assert.deepEqual(
      first,
      first.toSorted((left, right) => left - right),
      `QoS ${qos} in order`,
    )
  }
}

for (let seed = 1; seed <= seeds; seed++) {
  test(`QoS 1 and 2 hold over lost connections and crashes (seed ${seed})`, () => run(seed))
}
