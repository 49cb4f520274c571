// examples/email-tasks does what its README says, also when the broker dies in the middle.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
} from '../support/broker-under-test.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { findExampleLanguages } from './example-languages.ts'

const queue = 'email_task_queue'

/** Ids in lines like "sent 12 to user12@example.com". */
function ids(lines: readonly string[], word: string): number[] {
  return lines.flatMap((line) => {
    const found = new RegExp(`^${word} (\\d+)`).exec(line)
    return found ? [Number(found[1])] : []
  })
}

for (const { name, skip, start } of await findExampleLanguages()) {
  describe(`email-tasks in ${name}`, { skip }, () => {
    let broker: BrokerUnderTest
    before(async () => {
      broker = await startBrokerUnderTest()
      await using session = await AmqpSession.open(broker.url)
      await (await session.channel()).deleteQueue(queue)
    })
    after(() => broker[Symbol.asyncDispose]())

    it('sends the e-mail of a user who signs up', async () => {
      await using worker = start('email-tasks', 'worker', broker.url)
      await using signup = start('email-tasks', 'signup', broker.url)
      await signup.succeeded()
      await worker.printed('mail to the user', (lines) =>
        lines.includes('sent 1 to user@example.com'),
      )
    })

    it('drops a task that cannot be done and goes on', async () => {
      await using session = await AmqpSession.open(broker.url)
      const channel = await session.confirmChannel()
      await channel.assertQueue(queue, { durable: true })
      for (const task of ['{"id":7,"email":"nobody"}', 'not JSON'])
        channel.sendToQueue(queue, Buffer.from(task), { persistent: true })
      await channel.waitForConfirms()
      await using worker = start('email-tasks', 'worker', broker.url)
      await using signup = start('email-tasks', 'signup', broker.url, ['8'])
      await signup.succeeded()
      await worker.killedWhen('mail to user 8', (lines) => ids(lines, 'sent').includes(8))
      await worker.kill()
      assert.equal(worker.lines.filter((line) => line.startsWith('failed')).length, 2)
      await waitFor('the worker is gone', async () => {
        return (await channel.checkQueue(queue)).consumerCount === 0
      })
      // The worker acks a task after it has printed it, so a kill may bring back the last one.
      const { messageCount } = await channel.checkQueue(queue)
      for (let left = 0; left < messageCount; left += 1) {
        const message = await channel.get(queue, { noAck: true })
        assert.ok(message)
        assert.equal((JSON.parse(message.content.toString()) as { id: number }).id, 8)
      }
    })

    it('shares tasks between workers', async () => {
      const workers = [1, 2].map(() => start('email-tasks', 'worker', broker.url))
      try {
        for (const worker of workers)
          await worker.printed('worker waits', (lines) => lines.includes('waiting for tasks'))
        await using signup = start('email-tasks', 'signup', broker.url, ['100', '40'])
        await signup.succeeded()
        const sent = (): number[] => workers.flatMap(({ lines }) => ids(lines, 'sent'))
        await waitFor('40 mails', () => sent().length === 40)
        assert.equal(new Set(sent()).size, 40)
        for (const worker of workers) assert.ok(ids(worker.lines, 'sent').length > 0)
      } finally {
        for (const worker of workers) await worker.kill()
      }
    })

    it('loses no confirmed task when the broker is killed in the middle', onlyPabal, async () => {
      await using own = await TestBroker.start()
      const total = 150
      await using worker = start('email-tasks', 'worker', own.url)
      await using signup = start('email-tasks', 'signup', own.url, ['1', String(total)])
      for (const killAt of [40, 90]) {
        await signup.printed('some sign-ups', (lines) => ids(lines, 'signed up').length >= killAt)
        await own.kill()
        await own.restart()
      }
      await signup.succeeded()
      const confirmed = ids(signup.lines, 'signed up')
      assert.equal(confirmed.length, total)
      await worker.printed('all mails', (lines) => new Set(ids(lines, 'sent')).size === total)
    })

    it('keeps confirmed tasks for a worker that starts after the kill', onlyPabal, async () => {
      await using own = await TestBroker.start()
      await using signup = start('email-tasks', 'signup', own.url, ['1', '30'])
      await signup.succeeded()
      await own.kill()
      await own.restart()
      await using worker = start('email-tasks', 'worker', own.url)
      await worker.printed('all mails', (lines) => ids(lines, 'sent').length === 30)
      assert.deepEqual(
        ids(worker.lines, 'sent'),
        Array.from({ length: 30 }, (_, n) => n + 1),
      )
    })
  })
}
