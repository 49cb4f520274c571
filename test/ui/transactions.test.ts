// Transactions of Kafka's producers in the UI, the latest message of a key, and records that a group sets aside.
import { after } from 'node:test'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest } from './support/open-ui.ts'

const producers: Producer[] = []
after(() => Promise.all(producers.map((producer) => producer.disconnect())))

/** Produces within a transaction that stays open. */
async function begin(ui: UiUnderTest, transactionalId: string): Promise<Producer> {
  const brokers = [`127.0.0.1:${ui.broker.kafkaPort}`]
  const kafka = new Kafka({ brokers, clientId: 'billing', logLevel: logLevel.NOTHING })
  const options = { idempotent: true, maxInFlightRequests: 1, transactionTimeout: 600_000 }
  const producer = kafka.producer({ transactionalId, ...options })
  producers.push(producer)
  await producer.connect()
  return producer
}

async function prepare(ui: UiUnderTest): Promise<void> {
  const topic = { durable: true, arguments: { 'x-queue-type': 'stream', 'x-partitions': 2 } }
  for (const name of ['orders', 'customers']) await ui.ask('PUT', `/queues/%2F/${name}`, topic)
  await ui.ask('PUT', '/queues/%2F/customers.dead', { durable: true })
  const ended = await begin(ui, 'nightly-export')
  const first = await ended.transaction()
  await first.send({ topic: 'orders', messages: [{ value: 'done' }] })
  await first.commit()
  const open = await begin(ui, 'order-writer-1')
  const second = await open.transaction()
  const messages = Array.from({ length: 6 }, (_, n) => ({ value: `${n}`, partition: n % 2 }))
  await second.send({ topic: 'orders', messages })
  await second.sendOffsets({
    consumerGroupId: 'billing',
    topics: [{ topic: 'customers', partitions: [{ partition: 0, offset: '1' }] }],
  })
  const plain = new Kafka({ brokers: [`127.0.0.1:${ui.broker.kafkaPort}`] }).producer()
  producers.push(plain)
  await plain.connect()
  const customers = [
    { key: '4711', value: '{"name":"old"}' },
    { key: '4711', value: '{"name":"Ada"}' },
    { key: 'gone', value: 'x' },
    { key: 'gone', value: null },
  ]
  await plain.send({ topic: 'customers', messages: customers })
  await ui.ask('POST', '/v1/groups/readers/reset', { topic: 'customers', to: 'first' })
}

const ui = openUi({ prepare })

ui.test('an open transaction is shown with what it holds back, and is aborted', async (open) => {
  const page = await open('/transactions')
  await page.getByText(/^2 transactional ids\. 1 transaction is open, the oldest for/).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await page.locator('.table-row', { hasText: 'nightly-export' }).waitFor({ state: 'detached' })
  await page.locator('.table-row', { hasText: 'order-writer-1' }).click()
  const panel = page.getByRole('complementary', { name: 'Transactional id order-writer-1' })
  await panel.getByText('6 records').waitFor()
  await panel.getByText('billing').waitFor()
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Abort the transaction …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/never see what it has written to 2 partitions, and the offsets/).waitFor()
  await dialog.getByText('pabal transaction abort order-writer-1').waitFor()
  await dialog.getByRole('button', { name: 'Abort the transaction' }).click()
  await panel.getByText('aborted', { exact: true }).waitFor()
  await page.getByText('2 transactional ids, and no transaction is open.').waitFor()
})

ui.test('the latest message of a key is found, and where one was deleted', async (open) => {
  ui.expectProblems(/404 \(Not Found\)/)
  const page = await open('/stream?vhost=/&name=customers')
  await page.getByLabel('Key', { exact: true }).fill('4711')
  await page.getByRole('button', { name: 'Look up' }).click()
  await page.getByText('{"name":"Ada"}').waitFor()
  await page.getByText('pabal topic get customers 4711').waitFor()
  await expectAccessible(page)
  await page.getByLabel('Key', { exact: true }).fill('gone')
  await page.getByRole('button', { name: 'Look up' }).click()
  await page.getByText('The key was deleted').waitFor()
  await page.getByRole('button', { name: 'Hex', exact: true }).click()
  await page.getByLabel('Key', { exact: true }).fill('abcd')
  await page.getByRole('button', { name: 'Look up' }).click()
  await page.getByText('No message has this key.').waitFor()
  await page.getByText('--encoding hex').waitFor()
})

ui.test(
  'records that a group cannot process are set aside, by a rule and by hand',
  async (open) => {
    const page = await open('/stream/consumers?vhost=/&name=customers&group=readers')
    const panel = page.getByRole('complementary', { name: 'Group readers' })
    await panel.getByText('One that members cannot process stops them there').waitFor()
    await panel.getByRole('button', { name: 'Set aside by itself …' }).click()
    await panel.getByLabel('After so many attempts').fill('3')
    await panel.getByLabel('To the queue or topic').fill('customers.dead')
    await panel.getByRole('button', { name: 'Save' }).click()
    await panel.getByText(/have begun 3 times in vain goes to/).waitFor()
    await expectAccessible(page)
    await panel.getByRole('button', { name: 'Set aside …' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/Copies the record at offset 0 of partition/).waitFor()
    await dialog.getByRole('button', { name: 'Set the record aside' }).click()
    await panel.getByText('1 so far, since the start of the broker.').waitFor()
    await panel.getByRole('button', { name: 'Change …' }).click()
    await panel.getByRole('button', { name: 'Set nothing aside' }).click()
    await panel.getByText('One that members cannot process stops them there').waitFor()
  },
)
