// Connections, of clients that do some things as they should not.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after } from 'node:test'
import { type ChannelModel, connect } from 'amqplib'
import { Kafka, logLevel } from 'kafkajs'
import { within } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

const clients: ChannelModel[] = []
const ui = openUi()
after(async () => {
  for (const client of clients) await client.close().catch(() => undefined)
})

async function openClient(name: string, query = ''): Promise<ChannelModel> {
  const url = `amqp://127.0.0.1:${ui.broker.port}${query}`
  const client = await connect(url, { clientProperties: { connection_name: name } })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

ui.test('a connection shows what it makes hard for itself, and its channels', async (open) => {
  const client = await openClient('careless', '?heartbeat=0')
  const channel = await client.createConfirmChannel()
  await channel.assertQueue('orders')
  await channel.prefetch(5)
  await channel.consume('orders', () => undefined)
  const plain = await client.createChannel()
  for (let sent = 0; sent < 12; sent++) plain.sendToQueue('orders', Buffer.from('order'))
  const page = await open('/connections')
  const row = page.getByRole('row').filter({ hasText: 'careless' })
  await row.getByText('5 of 5').waitFor()
  await row.getByText(/publishes without confirms/).waitFor()
  await expectAccessible(page)
  await row.getByText('AM', { exact: true }).click()
  const panel = page.getByLabel('Connection', { exact: true })
  await panel.getByText(/heartbeat off/).waitFor()
  await panel.getByRole('link', { name: 'orders' }).waitFor()
  await panel.getByText('prefetch 5').waitFor()
  await page.waitForURL(/[?&]id=\d+/)
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })
})

ui.test('chips and a search hold back what one does not look for', async (open) => {
  await openClient('first')
  const kafka = new Kafka({
    clientId: 'second',
    brokers: [`127.0.0.1:${ui.broker.kafkaPort}`],
    logLevel: logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  try {
    const page = await open('/connections')
    await page.getByRole('row').filter({ hasText: 'second' }).first().waitFor()
    await page.getByRole('button', { name: 'AMQP' }).click()
    await page.getByRole('row').filter({ hasText: 'second' }).first().waitFor({ state: 'detached' })
    await page.getByRole('row').filter({ hasText: 'first' }).waitFor()
    await page.getByRole('searchbox').fill('nobody')
    await page.getByText('No connection fits').waitFor()
    await page.waitForURL(/protocol=amqp&q=nobody/)
  } finally {
    await admin.disconnect()
  }
})

ui.test('chosen connections are closed, after a look at what that touches', async (open) => {
  const client = await openClient('to close')
  const channel = await client.createConfirmChannel()
  await channel.assertQueue('jobs')
  await channel.consume('jobs', () => undefined)
  channel.sendToQueue('jobs', Buffer.from('job'))
  await channel.waitForConfirms()
  const page = await open('/connections?q=to%20close')
  const row = page.getByRole('row').filter({ hasText: 'to close' })
  await row.getByText('1 of ∞').waitFor()
  await row.getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Close 1 connection …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/1 consumer ends. 1 unacked message goes back/).waitFor()
  await dialog.getByLabel('What their clients are told').fill('maintenance')
  const closed = once(client, 'close')
  await dialog.getByRole('button', { name: 'Close 1 connection' }).click()
  const [error] = (await within('the client is told', closed)) as [Error]
  assert.match(error.message, /maintenance/)
  await page.getByText('No connection fits').waitFor()
})
