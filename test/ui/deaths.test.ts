// Dead letters in the UI: what died by real rejects and expiries, looked at, redriven, taken back and deleted.
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

/** A dead-letter queue with five messages that `billing` rejected and two that expired. */
async function makeDeaths(name: string): Promise<void> {
  const dead = `${name}.dead`
  const toDead = { deadLetterExchange: '', deadLetterRoutingKey: dead }
  await channel.assertQueue(dead)
  await channel.assertQueue(name, toDead)
  await channel.assertQueue(`${name}.short`, { ...toDead, messageTtl: 1 })
  for (let number = 0; number < 5; number++) {
    channel.sendToQueue(name, Buffer.from(`{"invoice":${number}}`), {
      headers: { tenant: 'acme' },
      messageId: `invoice-${number}`,
    })
  }
  for (const text of ['x', 'y']) channel.sendToQueue(`${name}.short`, Buffer.from(text))
  await channel.waitForConfirms()
  for (let left = 5; left > 0; left--) {
    const message = await channel.get(name)
    assert.ok(message)
    channel.nack(message, false, false)
  }
  await waitFor('all are dead', async () => (await readyIn(dead)) === 7)
}

async function readyIn(queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

ui.test('an empty broker says what would stand here', async (open) => {
  const page = await open('/deaths')
  await page.getByRole('heading', { name: 'Nothing is dead' }).waitFor()
  await expectAccessible(page)
})

ui.test('a group is looked at, redriven and brought back', async (open) => {
  await makeDeaths('billing')
  const page = await open('/deaths')
  await page.getByText('7 messages died: 5 rejected by billing, 2 expired.').waitFor()
  await page.getByRole('row', { name: /rejected billing/ }).click()
  const panel = page.getByRole('complementary', { name: 'Group of dead letters' })
  await panel.getByRole('heading', { name: '5 messages rejected in billing' }).waitFor()
  await panel.getByRole('article').first().getByRole('button').click()
  await panel.getByText('acme').waitFor()
  const trace = panel.getByRole('link', { name: 'Trace this' })
  assert.equal(await trace.count(), 5)
  assert.match(
    (await trace.first().getAttribute('href')) ?? '',
    /^\/trace\?vhost=\/&message_id=invoice-\d$/,
  )
  await expectAccessible(page)

  await panel.getByRole('button', { name: 'Redrive 5' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('5 to billing', { exact: true }).waitFor()
  await dialog.getByLabel('At most').fill('1000')
  await expectAccessible(page)
  const command = await dialog.locator('.as-command-text').textContent()
  assert.match(command ?? '', /^pabal dlq redrive billing\.dead --group '\{.*\}' --rate 1000$/)
  await dialog.getByRole('button', { name: 'Redrive 5 to billing' }).click()
  await panel.getByText(/Redrove 5 messages from billing\.dead/).waitFor()
  assert.deepEqual([await readyIn('billing'), await readyIn('billing.dead')], [5, 2])
  await page.waitForURL(/job=/)
  await panel.getByText('All of them have left.').waitFor()
  await page.getByText('2 messages died: 2 expired.').waitFor()

  await panel.getByRole('button', { name: 'Undo' }).click()
  await waitFor('they are back', async () => (await readyIn('billing.dead')) === 7)
  assert.equal(await readyIn('billing'), 0)
  await panel.getByRole('button', { name: 'Redrive 5' }).waitFor()
})

ui.test('the page follows what dies and leaves', async (open) => {
  await makeDeaths('live')
  const page = await open('/stream/deaths?vhost=%2F&name=live.dead')
  await page.getByText('7 messages died: 5 rejected by live, 2 expired.').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'expired 2' }).click()
  await page.getByRole('row', { name: /expired live\.short/ }).click()
  await page.getByRole('button', { name: 'Delete 2' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 2 messages' }).click()
  await page.getByText('5 messages died: 5 rejected by live.').waitFor()
  assert.equal(await readyIn('live.dead'), 5)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Redrive all' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive 5 to live' }).click()
  await page.getByText(/Redrove 5 messages from live\.dead/).waitFor()
  await page.getByText('Nothing died here.').waitFor()
})

ui.test('a queue shows what died in it and is elsewhere now', async (open) => {
  await makeDeaths('source')
  const page = await open('/stream/deaths?vhost=%2F&name=source')
  await page.getByText('5 messages died in source.').waitFor()
  await page.getByRole('row', { name: /rejected source .* source\.dead/ }).waitFor()
  const other = await open('/stream/deaths?vhost=%2F&name=source.short', { width: 390 })
  await other.getByText('2 messages died in source.short.').waitFor()
  await expectAccessible(other)
})

ui.test('exceptions of frameworks make groups, also in a topic', async (open) => {
  const stream = { arguments: { 'x-queue-type': 'stream' } }
  await channel.assertQueue('events.DLT', { durable: true, ...stream })
  await channel.assertQueue('copies')
  for (const id of [70_001, 70_002]) {
    channel.sendToQueue('events.DLT', Buffer.from('x'), {
      headers: {
        'kafka_dlt-original-topic': 'events',
        'kafka_dlt-exception-fqcn': 'com.shop.StockException',
        'kafka_dlt-exception-message': `no stock of ${id}`,
      },
    })
  }
  await channel.waitForConfirms()
  const page = await open('/deaths?why=failed')
  await page.getByRole('row', { name: /failed.*StockException: no stock of #/ }).click()
  const panel = page.getByRole('complementary', { name: 'Group of dead letters' })
  await panel.getByRole('button', { name: 'Copy 2 to' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Queue' }).fill('copies')
  await dialog.getByRole('button', { name: 'Copy 2 to copies' }).click()
  await waitFor('they are copied', async () => (await readyIn('copies')) === 2)
})

ui.test('what cannot be done is said before', async (open) => {
  await makeDeaths('gone')
  await channel.deleteQueue('gone')
  ui.expectProblems(/400|404|412|422/)
  const page = await open('/deaths', { theme: 'dark' })
  await page.getByRole('row', { name: /rejected gone/ }).click()
  await page.getByRole('button', { name: 'Redrive 5' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/5 messages cannot: .*gone/).waitFor()
  assert.ok(await dialog.getByRole('button', { name: /^Redrive/ }).isDisabled())
  await dialog.getByRole('combobox', { name: 'To', exact: true }).selectOption('queue')
  await dialog.getByText('Which queue?').waitFor()
})
