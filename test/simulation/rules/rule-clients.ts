// The clients of queues with rules that a plan has.
import { type AmqpLife, amqpProtocol } from '../amqp/amqp-protocol.ts'
import { Client } from '../client.ts'
import { idle } from './idler.ts'
import { consumeLetters, getLetters, publishLetters } from './letter-work.ts'
import type { RuleWorld } from './rule-world.ts'
import { rule } from './ruler.ts'

type RuleWork = (life: AmqpLife, rules: RuleWorld) => Promise<void>

export function ruleClients(rules: RuleWorld): Client<AmqpLife['connection']>[] {
  const { publishers, consumers, getters, rulers, idlers } = rules.plan
  const make = (count: number, kind: string, work: RuleWork): Client<AmqpLife['connection']>[] =>
    Array.from({ length: count }, (_, at) => {
      const parts = { protocol: amqpProtocol, work: (life: AmqpLife) => work(life, rules) }
      return new Client(`${kind}${at}`, rules.world, parts)
    })
  return [
    ...make(publishers, 'letterwriter', publishLetters),
    ...make(consumers, 'letterreader', consumeLetters),
    ...make(getters, 'lettergetter', getLetters),
    ...make(rulers, 'ruler', rule),
    ...make(idlers, 'idler', idle),
  ]
}
