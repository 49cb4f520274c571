// The last client of queues with rules: waits until no rule moves anything any more, takes everything out, and
// looks whether each message is where it must be, and no policy is lost.
import { emptyTable } from '../../../src/record/message/field-table.ts'
import { AmqpConnection } from '../amqp/amqp-connection.ts'
import { Violation } from '../model/history.ts'
import type { LetterSession } from './letter-session.ts'
import { type RuleQueue, ruleTimes } from './rule-plan.ts'
import type { RuleWorld } from './rule-world.ts'
import { policyNames } from './ruler.ts'

/** After this no message is due to move: each has been delayed once and has died a few times. */
const restMs = ruleTimes.delayMsMax + 4 * ruleTimes.ttlMsMax + ruleTimes.retryMsMax

export class LetterDrain {
  readonly #rules: RuleWorld

  constructor(rules: RuleWorld) {
    this.#rules = rules
  }

  async run(): Promise<void> {
    const { world, plan, letters } = this.#rules
    const link = world.network.connect('amqp')
    if (link === undefined) throw new Violation('nobody listens for AMQP')
    const options = { clock: world.clock, heartbeatSeconds: 60, frameMax: 131_072 }
    const connection = await AmqpConnection.open(link, options)
    const session = await this.#rules.open('letter-drain', connection)
    await world.sleep(restMs)
    this.#checkPolicies()
    for (const queue of plan.queues) await this.#checkLength(session, queue)
    for (const queue of plan.queues) await this.#empty(session, queue)
    // What was on its way between two queues of a round.
    for (const queue of plan.queues) await this.#empty(session, queue)
    letters.checkDrained()
    await connection.close()
  }

  async #checkLength(session: LetterSession, queue: RuleQueue): Promise<void> {
    const { messageCount } = await session.declareQueue(queue.name, emptyTable, true)
    const { isRuled = false, lengthMax = Infinity } = queue
    const most = isRuled ? (this.#rules.policies.lengthMax ?? Infinity) : lengthMax
    if (messageCount <= most) return
    throw this.#rules.world.history.fail(`${queue.name} has ${messageCount} messages, not ${most}`)
  }

  async #empty(session: LetterSession, queue: RuleQueue): Promise<void> {
    for (;;) {
      const tag = await session.get(queue)
      if (tag === undefined) return
      const letter = session.unacked.get(tag)
      if (letter?.drainedFrom !== undefined) {
        const where = `${letter.drainedFrom} and in ${queue.name}`
        throw this.#rules.world.history.fail(`${String(letter)} was in ${where}`)
      }
      if (letter !== undefined) letter.drainedFrom = queue.name
      session.settle(tag, 'ack')
    }
  }

  #checkPolicies(): void {
    const { world, policies, plan } = this.#rules
    const broker = world.machine.cell?.broker
    if (broker === undefined) throw new Violation('there is no broker')
    const vhost = broker.getVHost('/')
    for (const owner of ['user', 'operator'] as const) {
      const found = vhost.policies.find(owner === 'operator', policyNames[owner])
      if (policies.mayBe(owner, found?.definition)) continue
      const text = JSON.stringify(found?.definition)
      throw world.history.fail(`the policy of ${owner} is ${text}, not of ${String(policies)}`)
    }
    for (const { name } of plan.queues) {
      const queue = vhost.findQueue(name)
      if (queue?.kind === 'queue' && queue.policy === vhost.policies.of(queue)) continue
      throw world.history.fail(`${name} has not the policy that holds`)
    }
  }
}
