// examples/user-created does what its README says: one event, three services, none waits for another.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
} from '../support/broker-under-test.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { findExampleLanguages, type ExampleLanguage } from './example-languages.ts'
import type { ExampleProgram } from './example-program.ts'

const services = ['email', 'coupon', 'log'] as const
type Service = (typeof services)[number]

const work: Record<Service, (id: number) => string> = {
  email: (id) => `welcome mail to user${id}@example.com`,
  coupon: (id) => `coupon WELCOME-${id}`,
  log: (id) => `user ${id} was created`,
}

function lines(service: Service, first: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => work[service](first + n))
}

async function startService(
  language: ExampleLanguage,
  url: string,
  service: Service,
): Promise<ExampleProgram> {
  const program = language.start('user-created', 'service', url, [service])
  await program.printed('service listens', (printed) => printed.includes('listening'))
  return program
}

async function signUp(
  language: ExampleLanguage,
  url: string,
  first: number,
  count: number,
): Promise<void> {
  const args = [String(first), String(count)]
  await using signup = language.start('user-created', 'signup', url, args)
  await signup.succeeded()
}

/** Waits until the service has done exactly this, in order; `again` may come once more. */
async function assertDid(
  program: ExampleProgram,
  expected: readonly string[],
  again: readonly string[] = [],
): Promise<void> {
  const done = (printed: readonly string[]): string[] =>
    printed.filter((line) => line !== 'listening' && !again.includes(line))
  await program.printed(`${expected.length} events`, (printed) => {
    return done(printed).length >= expected.length
  })
  assert.deepEqual(done(program.lines), expected)
}

for (const language of await findExampleLanguages()) {
  describe(`user-created in ${language.name}`, { skip: language.skip }, () => {
    let broker: BrokerUnderTest
    before(async () => {
      broker = await startBrokerUnderTest()
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.channel()
      for (const service of services) await channel.deleteQueue(`user_created.${service}`)
    })
    after(() => broker[Symbol.asyncDispose]())

    it('reaches every service, and one that was down when it is back', async () => {
      const { url } = broker
      await using email = await startService(language, url, 'email')
      await using log = await startService(language, url, 'log')
      {
        await using coupon = await startService(language, url, 'coupon')
        await signUp(language, url, 1, 5)
        await assertDid(coupon, lines('coupon', 1, 5))
      }
      await signUp(language, url, 6, 10)
      await assertDid(email, lines('email', 1, 15))
      await assertDid(log, lines('log', 1, 15))
      await using back = await startService(language, url, 'coupon')
      await assertDid(back, lines('coupon', 6, 10), lines('coupon', 1, 5))
    })

    it(
      'keeps the events of a service that is down while the broker is killed',
      onlyPabal,
      async () => {
        await using own = await TestBroker.start()
        for (const service of services) {
          await using program = await startService(language, own.url, service)
          assert.ok(program)
        }
        await signUp(language, own.url, 1, 20)
        await own.kill()
        await own.restart()
        for (const service of services) {
          await using program = await startService(language, own.url, service)
          await assertDid(program, lines(service, 1, 20))
        }
      },
    )
  })
}
