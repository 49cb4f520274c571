// Who reads a stream: consumers of AMQP, groups of Kafka, the end of the one and a new place for the other.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import { AmqpSession } from '../support/amqp-session.ts'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest } from './support/open-ui.ts'

let reader: Consumer | undefined
after(() => reader?.disconnect())

async function prepare(ui: UiUnderTest): Promise<void> {
  await ui.ask('PUT', '/queues/%2F/events', {
    durable: true,
    arguments: { 'x-queue-type': 'stream', 'x-partitions': 2 },
  })
  const keeping = { durable: true, arguments: { 'x-retention-ms': 3_600_000 } }
  await ui.ask('PUT', '/queues/%2F/kept', keeping)
  const brokers = [`127.0.0.1:${ui.broker.kafkaPort}`]
  const kafka = new Kafka({ brokers, clientId: 'analytics', logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  const messages = Array.from({ length: 20 }, (_, n) => ({ value: `${n}`, partition: n % 2 }))
  await producer.send({ topic: 'events', messages })
  await producer.disconnect()
  await ui.ask('POST', '/v1/groups/nightly/reset', { topic: 'events', to: '4' })
  reader = kafka.consumer({ groupId: 'readers' })
  await reader.connect()
  await reader.subscribe({ topic: 'events', fromBeginning: true })
  await reader.run({ eachMessage: () => Promise.resolve() })
}

const ui = openUi({ prepare })

ui.test('a group shows its lag and its members, and is reset after a preview', async (open) => {
  const page = await open('/stream/consumers?vhost=/&name=events')
  await page.getByText(/1 of 2 groups is behind, up to 12 messages, and nobody is in one/).waitFor({
    timeout: 60_000,
  })
  await page.locator('.table-row', { hasText: 'readers' }).click()
  const readers = page.getByRole('complementary', { name: 'Group readers' })
  await readers.getByText('partitions 0, 1').waitFor()
  await readers.getByText('It has members: stop its consumers first.').waitFor()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await readers.waitFor({ state: 'detached' })

  await page.locator('.table-row', { hasText: 'nightly' }).click()
  const nightly = page.getByRole('complementary', { name: 'Group nightly' })
  await nightly.getByText('It would read 8 messages again.').waitFor()
  await nightly.getByRole('button', { name: 'End', exact: true }).click()
  await nightly.getByText('It would leave out 12 messages.').waitFor()
  await nightly.getByText('pabal group reset nightly --topic events --to last').waitFor()
  await nightly.getByRole('button', { name: 'Offset' }).click()
  await nightly.getByLabel('From which offset on').fill('2')
  await nightly.getByText('It would read 4 messages again.').waitFor()
  await nightly.getByRole('button', { name: 'Reset nightly' }).click()
  await nightly.getByText('16 messages of this stream').waitFor()
  await nightly.getByRole('button', { name: 'Delete the group …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Forgets its 2 places in 1 topic.').waitFor()
  await dialog.getByRole('textbox').fill('nightly')
  await dialog.getByRole('button', { name: 'Delete the group' }).click()
  await nightly.waitFor({ state: 'detached' })
  await page.locator('.table-row', { hasText: 'nightly' }).waitFor({ state: 'detached' })
})

ui.test('a consumer says what it holds, and is ended', async (open) => {
  await using session = await AmqpSession.open(ui.broker.url, {
    clientProperties: { connection_name: 'worker-7' },
  })
  const channel = await session.confirmChannel()
  await channel.assertQueue('jobs')
  await channel.prefetch(1)
  let isTold = false
  await channel.consume('jobs', (message) => (isTold = message === null), { consumerTag: 'one' })
  await ui.publish('jobs', 'a', 'b')
  const page = await open('/stream/consumers?vhost=/&name=jobs')
  const row = page.locator('.table-row', { hasText: 'worker-7' })
  await row.getByText('full').waitFor()
  await page.getByText('1 consumer holds as many messages as its prefetch allows.').waitFor()
  await expectAccessible(page)
  await row.getByText('stuck').waitFor({ timeout: 60_000 })
  await row.getByRole('button', { name: 'End one' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/The 1 message that it holds stay/).waitFor()
  await dialog.getByRole('button', { name: 'End the consumer' }).click()
  await page.getByRole('heading', { name: 'Nobody reads it' }).waitFor()
  await waitFor('the client is told', () => isTold)
})

ui.test('acked messages come back, and a topic is replayed to a queue', async (open) => {
  await using session = await AmqpSession.open(ui.broker.url)
  const channel = await session.confirmChannel()
  await ui.publish('kept', 'a', 'b', 'c')
  for (let n = 0; n < 3; n++) {
    const message = await channel.get('kept')
    if (message !== false) channel.ack(message)
  }
  const count = async (): Promise<number> => (await channel.checkQueue('kept')).messageCount
  await waitFor('all are acked', async () => (await count()) === 0)
  const page = await open('/stream/consumers?vhost=/&name=kept')
  await page.getByRole('button', { name: 'Rewind …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Rewind the queue' }).click()
  await page.getByText('3 messages ready again').waitFor()
  assert.equal(await count(), 3)

  await page.goto(`${ui.url}/stream/consumers?vhost=/&name=events`)
  await page.getByLabel('Name of the queue').fill('again')
  await page.getByLabel(/^From/).fill('first')
  await page
    .getByText('pabal create again --argument x-source=events --argument x-source-offset=first')
    .waitFor()
  await page.getByRole('button', { name: 'Create the queue' }).click()
  await page.getByText('Nobody consumes it: 20 messages wait.').waitFor()
  await page.getByText('of events').waitFor()
})
