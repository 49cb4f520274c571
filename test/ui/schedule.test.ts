// The schedule in the UI: messages that are delayed over AMQP, expire, and are tried again.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import type { ConfirmChannel } from 'amqplib'
import { AmqpSession } from '../support/amqp-session.ts'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

let session: AmqpSession | undefined
let channel: ConfirmChannel
const ui = openUi({
  async prepare({ broker }) {
    session = await AmqpSession.open(broker.url)
    channel = await session.confirmChannel()
  },
})
after(async () => await session?.[Symbol.asyncDispose]())

const minuteMs = 60_000

async function makeDelayed(exchange: string, delays: readonly number[]): Promise<void> {
  const type = { arguments: { 'x-delayed-type': 'fanout' } }
  await channel.assertExchange(exchange, 'x-delayed-message', type)
  await channel.assertQueue(`${exchange}.mail`)
  await channel.bindQueue(`${exchange}.mail`, exchange, '')
  for (const [number, delay] of delays.entries()) {
    const headers = { 'x-delay': delay }
    channel.publish(exchange, 'mail', Buffer.from(`letter ${number}`), { headers })
  }
  await channel.waitForConfirms()
}

async function readyIn(queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

ui.test('an empty broker says what would stand here', async (open) => {
  const page = await open('/schedule')
  await page.getByRole('heading', { name: 'Nothing waits for a time' }).waitFor()
  await expectAccessible(page)
})

ui.test('messages stand in order, and some are fired or cancelled', async (open) => {
  const delays = [40 * minuteMs, 20 * minuteMs, 5 * minuteMs, 30 * 60 * minuteMs]
  await makeDelayed('later', delays)
  const page = await open('/schedule')
  await page.getByText(/^4 messages wait\. The next is due in [45] min\.$/).waitFor()
  await page.getByText('1 after this hour').waitFor()
  const table = page.getByRole('region', { name: 'Delayed messages' })
  const texts = await table.getByRole('cell', { name: /^letter/ }).allTextContents()
  assert.deepEqual(texts, ['letter 2', 'letter 1', 'letter 0', 'letter 3'])
  await expectAccessible(page)

  await table
    .getByRole('row', { name: /letter 2/ })
    .getByRole('checkbox')
    .check()
  await table
    .getByRole('row', { name: /letter 0/ })
    .getByRole('checkbox')
    .check()
  await page.getByRole('button', { name: 'Fire 2 messages now' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Sends 2 delayed messages on now').waitFor()
  await dialog.getByRole('button', { name: 'Fire 2 messages now' }).click()
  await waitFor('they are in the queue', async () => (await readyIn('later.mail')) === 2)
  await page.getByText('2 messages wait.').waitFor()

  await table.getByRole('row', { name: /letter 1/ }).click()
  const panel = page.getByRole('complementary', { name: 'Delayed message' })
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Cancel it' }).click()
  const command = await dialog.locator('.as-command-text').textContent()
  assert.match(command ?? '', /^pabal delayed cancel later --place [\d.]+$/)
  await dialog.getByRole('button', { name: 'Cancel 1 message' }).click()
  await page.getByText('1 message waits.').waitFor()
  assert.equal(await readyIn('later.mail'), 2)
})

ui.test('many of an exchange are cancelled by what is in them', async (open) => {
  await makeDelayed('many', [minuteMs * 60, minuteMs * 70, minuteMs * 80])
  const page = await open('/schedule')
  const places = page.getByRole('region', { name: 'Exchanges and queues' })
  await places.getByRole('row', { name: /^many/ }).click()
  const panel = page.getByRole('complementary', { name: 'Exchange that delays' })
  await panel.getByLabel('Only messages with this').fill('letter 1')
  await panel.getByRole('button', { name: 'Cancel those' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Drops 1 delayed message of many. It cannot be undone.').waitFor()
  await dialog.getByRole('button', { name: 'Cancel 1 message' }).click()
  await places.getByRole('row', { name: /^many delayed 2/ }).waitFor()
})

ui.test('what expires and what is tried again stands beside it', async (open) => {
  await channel.assertQueue('sessions', { messageTtl: 30 * minuteMs })
  const back = { deadLetterExchange: '', deadLetterRoutingKey: 'pay' }
  await channel.assertQueue('pay.retry', { ...back, messageTtl: 10 * minuteMs })
  const toRetry = { deadLetterExchange: '', deadLetterRoutingKey: 'pay.retry' }
  await channel.assertQueue('pay', toRetry)
  for (const queue of ['sessions', 'sessions', 'pay']) channel.sendToQueue(queue, Buffer.from('x'))
  await channel.waitForConfirms()
  const message = await channel.get('pay')
  assert.ok(message)
  channel.nack(message, false, false)
  await waitFor('it waits to be tried again', async () => (await readyIn('pay.retry')) === 1)
  const page = await open('/schedule?within=day', { theme: 'dark' })
  await page.getByText('2 expire in their queue', { exact: true }).waitFor()
  await page.getByText('1 are tried again', { exact: true }).waitFor()
  const places = page.getByRole('region', { name: 'Exchanges and queues' })
  await places.getByRole('row', { name: /^sessions expires 2/ }).waitFor()
  await places.getByRole('row', { name: /^pay\.retry tried again 1/ }).click()
  const panel = page.getByRole('complementary', { name: 'Queue in which messages wait' })
  await panel.getByText(/Messages come here when they die elsewhere.*after 10 min/).waitFor()
  await panel.getByRole('link', { name: 'pay', exact: true }).first().waitFor()
  await expectAccessible(page)
})

ui.test('a narrow window has it, too', async (open) => {
  const page = await open('/schedule', { width: 390 })
  await page.getByRole('region', { name: 'Exchanges and queues' }).waitFor()
  await expectAccessible(page)
})
