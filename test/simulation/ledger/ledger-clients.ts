// The clients of transactions and of the topic with keys that a plan has.
import { type AmqpLife, amqpProtocol } from '../amqp/amqp-protocol.ts'
import { Client } from '../client.ts'
import { kafkaProtocol, type KafkaLife } from '../kafka/kafka-protocol.ts'
import { KeyedReader } from './keyed-reader.ts'
import { KeyedWriter } from './keyed-writer.ts'
import { nameOf } from './ledger-drain.ts'
import { LedgerProducer } from './ledger-producer.ts'
import { LedgerReader } from './ledger-reader.ts'
import { LedgerTaker } from './ledger-taker.ts'
import type { LedgerWorld } from './ledger-world.ts'

type LedgerClient = Client<KafkaLife['connection']> | Client<AmqpLife['connection']>

interface Worker {
  readonly work: (life: KafkaLife) => Promise<void>
}

/** What they know outlives their connections. */
export function ledgerClients(ledger: LedgerWorld): LedgerClient[] {
  const { producers, readers, takers: takerCount, keyed } = ledger.plan
  const make = (
    count: number,
    nameAt: (at: number) => string,
    begin: (name: string, at: number) => Worker,
  ): Client<KafkaLife['connection']>[] =>
    Array.from({ length: count }, (_, at) => {
      const { work } = begin(nameAt(at), at)
      return new Client(nameAt(at), ledger.world, { protocol: kafkaProtocol, work })
    })
  const takers = Array.from({ length: takerCount }, (_, at) => {
    const { work } = new LedgerTaker(ledger)
    return new Client(`taker${at}`, ledger.world, { protocol: amqpProtocol, work })
  })
  return [
    ...takers,
    ...make(producers.length, nameOf, (name, at) => new LedgerProducer(ledger, name, at)),
    ...make(
      readers,
      (at) => `auditor${at}`,
      () => new LedgerReader(ledger),
    ),
    ...make(
      keyed.writers,
      (at) => `keyed${at}`,
      (name) => new KeyedWriter(ledger, name),
    ),
    ...make(
      keyed.readers,
      (at) => `scanner${at}`,
      () => new KeyedReader(ledger),
    ),
  ]
}
