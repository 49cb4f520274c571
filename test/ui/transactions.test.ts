// Transactions in the UI: what is open, what it holds back, and its end.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

let producer: Producer | undefined
after(() => producer?.disconnect())

const ui = openUi({})

ui.test('an open transaction shows what it holds back, and is aborted', async (open) => {
  const page = await open('/transactions')
  await page.getByRole('heading', { name: 'No transactions' }).waitFor()
  await expectAccessible(page)

  await ui.ask('PUT', '/queues/%2F/sales', {
    durable: true,
    arguments: { 'x-queue-type': 'stream' },
  })
  const brokers = [`127.0.0.1:${ui.broker.kafkaPort}`]
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  producer = kafka.producer({ transactionalId: 'till-7', maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: 'sales', messages: [{ value: 'one' }, { value: 'two' }] })

  await page.goto(`${page.url()}?state=Ongoing`)
  await page.getByText(/^1 open transaction\./).waitFor()
  await page.locator('.table-row', { hasText: 'till-7' }).click()
  const panel = page.getByRole('complementary', { name: 'Transaction till-7' })
  await panel.locator('.table-row', { hasText: 'sales' }).getByText('2', { exact: true }).waitFor()
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Abort …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('pabal transaction abort till-7').waitFor()
  await dialog.getByRole('button', { name: 'Abort the transaction' }).click()
  await page.getByText(/^0 open transactions\./).waitFor()
  await assert.rejects(transaction.commit())
})
