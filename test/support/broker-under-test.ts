// The broker that the conformance tests talk to: a Pabal of their own, or, with the environment
// variable PABAL_TEST_AMQP_URL, another broker. The tests are proven against RabbitMQ 3.10 that
// way; `onRabbit310` skips there what RabbitMQ has changed since (the fact sheet follows 4.x).

import { TestBroker } from './start-test-broker.ts'

const externalUrl = process.env['PABAL_TEST_AMQP_URL']

/** An AMQP 0-9-1 broker to connect to. */
export interface BrokerUnderTest extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

/** True when the tests run against another broker than Pabal. */
export const isExternalBroker: boolean = externalUrl !== undefined

/** Starts a Pabal with extra flags, or hands out the external broker (which ignores them). */
export async function startBrokerUnderTest(args: readonly string[] = []): Promise<BrokerUnderTest> {
  if (externalUrl === undefined) return TestBroker.start(args)
  return {
    url: externalUrl,
    port: Number(new URL(externalUrl).port || 5672),
    async [Symbol.asyncDispose]() {},
  }
}

/** Test options: skip against RabbitMQ 3.10, because of `difference`. */
export function onRabbit310(difference: string | undefined): { skip: string | false } {
  return { skip: isExternalBroker && difference ? `RabbitMQ 3.10 ${difference}` : false }
}

/** Test options: only Pabal can be started, killed or configured by a test. */
export const onlyPabal: { skip: string | false } = {
  skip: isExternalBroker ? 'needs a broker of its own' : false,
}

let names = 0

/** A name no other test uses, also when several runs share one broker. */
export function uniqueName(prefix: string): string {
  names += 1
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${names}`
}
