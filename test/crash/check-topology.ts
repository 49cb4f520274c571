// After a restart: what was declared and answered is there as it was declared, what was deleted is
// gone, and the one thing in doubt is one or the other.

import type { Channel } from 'amqplib'
import type { AmqpSession } from '../support/amqp-session.ts'
import type { Churn, ChurnQueue, Presence } from './churn.ts'
import type { Ledger } from './ledger.ts'
import { RecordedChannel } from './publisher.ts'
import { checkStableTopology, declareStableTopology } from './stable-topology.ts'

interface Check {
  readonly session: AmqpSession
  readonly ledger: Ledger
  /** Name of this check in the history. */
  readonly name: string
}

/** Adds what is wrong to the ledger's violations and makes what is there the truth. */
export async function checkTopology(check: Check, churns: readonly Churn[]): Promise<void> {
  if (await isThere(check, checkStableTopology)) {
    const channel = await check.session.channel()
    await declareStableTopology(channel)
    await channel.close()
  } else check.ledger.violate('', '', 'a queue or exchange of the stable topology is missing')
  const probe = await Probe.open(check)
  for (const churn of churns) {
    await checkVolatile(check, churn)
    await checkExchange(check, churn)
    for (const queue of churn.queues) await checkQueue(check, churn, queue)
    if (churn.exchange.presence === 'present') await probe.checkBindings(churn)
  }
  await probe.close()
}

async function isThere(
  { session }: Check,
  check: (channel: Channel) => Promise<unknown>,
): Promise<boolean> {
  const channel = await session.channel()
  try {
    await check(channel)
  } catch {
    return false
  }
  await channel.close()
  return true
}

function settle(
  { ledger, name }: Check,
  thing: { presence: Presence },
  { isFound, label }: { isFound: boolean; label: string },
): void {
  const found = isFound ? 'present' : 'absent'
  if (thing.presence !== 'unsure' && thing.presence !== found) {
    ledger.violate(label, '', `should be ${thing.presence} and is ${found}`)
  }
  if (thing.presence === 'unsure') ledger.history.note(name, `finds that ${label} is ${found}`)
  thing.presence = found
}

async function checkVolatile(check: Check, churn: Churn): Promise<void> {
  for (const name of [churn.transientQueue, churn.exclusiveQueue]) {
    const isFound = await isThere(check, (channel) => channel.checkQueue(name))
    settle(check, { presence: 'absent' }, { isFound, label: name })
  }
}

async function checkExchange(check: Check, { exchange, bindings }: Churn): Promise<void> {
  const isFound = await isThere(check, (channel) => channel.checkExchange(exchange.name))
  settle(check, exchange, { isFound, label: exchange.name })
  if (!isFound) for (const binding of bindings) binding.presence = 'absent'
}

async function checkQueue(check: Check, churn: Churn, queue: ChurnQueue): Promise<void> {
  const { name } = queue
  const isFound = await isThere(check, (channel) => channel.checkQueue(name))
  settle(check, queue, { isFound, label: name })
  if (!isFound) {
    for (const binding of churn.bindingsOf(name)) binding.presence = 'absent'
    check.ledger.queue(name).forgetAll('its queue was deleted')
    return
  }
  const options = { durable: true, arguments: queue.arguments }
  const isSame = await isThere(check, (channel) => channel.assertQueue(name, options))
  if (!isSame) check.ledger.violate(name, '', 'is there with other properties')
}

/** Finds out what is bound by publishing; what arrives is checked with everything else. */
class Probe {
  readonly #check: Check
  readonly #channel: RecordedChannel
  readonly #returned = new Set<string>()

  private constructor(check: Check, channel: RecordedChannel) {
    this.#check = check
    this.#channel = channel
    channel.channel.on('return', ({ properties }) => {
      this.#returned.add(String(properties.messageId))
    })
  }

  static async open(check: Check): Promise<Probe> {
    const amqp = await check.session.confirmChannel()
    return new Probe(check, new RecordedChannel(amqp, check.ledger, `${check.name}.probe`))
  }

  async checkBindings({ exchange, bindings }: Churn): Promise<void> {
    const { ledger } = this.#check
    for (const binding of bindings) {
      const { queue, key: routingKey } = binding
      const record = { exchange: exchange.name, routingKey, queues: [], seed: 0 }
      const { message } = this.#channel.send({ ...record, sizes: 'small' }, { mandatory: true })
      await this.#channel.confirm()
      const isFound = !this.#returned.has(message.id)
      settle(this.#check, binding, { isFound, label: `the binding ${routingKey}` })
      if (isFound) ledger.addCopy(message, ledger.queue(queue))
    }
  }

  async close(): Promise<void> {
    await this.#channel.channel.close()
  }
}
