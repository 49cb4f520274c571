// The page of one stream: the sentence that matters, its settings with what decided on them, and what ends it.
import assert from 'node:assert/strict'
import { AmqpSession } from '../support/amqp-session.ts'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest } from './support/open-ui.ts'

async function prepare(ui: UiUnderTest): Promise<void> {
  await ui.ask('PUT', '/policies/%2F/short-lived', {
    pattern: '^mail$',
    definition: { 'message-ttl': 3_600_000 },
    'apply-to': 'queues',
  })
  const limited = { durable: true, arguments: { 'x-max-length': 5000 } }
  await ui.ask('PUT', '/queues/%2F/mail', limited)
  await ui.ask('PUT', '/queues/%2F/doomed', { durable: true })
  await ui.ask('PUT', '/exchanges/%2F/shop', { type: 'topic' })
  await ui.ask('POST', '/bindings/%2F/e/shop/q/mail', { routing_key: 'order.#' })
  await ui.ask('PUT', '/queues/%2F/events', {
    durable: true,
    arguments: { 'x-queue-type': 'stream', 'x-partitions': 2 },
  })
  await ui.publish('mail', 'a', 'b')
  await ui.publish('doomed', 'a', 'b', 'c')
}

const ui = openUi({ prepare })

/** The text of a setting's line. */
function setting(label: string): string {
  return `.stream-settings li:has-text("${label}")`
}

ui.test('a queue says that nobody consumes it, and what decided on its settings', async (open) => {
  const page = await open('/stream?vhost=/&name=mail')
  await page.getByText('Nobody consumes it: 2 messages wait.').waitFor()
  assert.match(
    (await page.locator(setting('Max length')).textContent()) ?? '',
    /5,000its declaration/,
  )
  assert.match(
    (await page.locator(setting('Message TTL')).textContent()) ?? '',
    /1 hpolicy short-lived/,
  )
  assert.match((await page.locator(setting('Overflow')).textContent()) ?? '', /default$/)
  await page.getByRole('region', { name: 'Bindings' }).getByText('order.#').waitFor()
  await page.getByText('pabal show mail').waitFor()
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Messages 2' }).waitFor()
  await page.getByRole('link', { name: 'Consumers and groups 0' }).click()
  await page.getByRole('heading', { name: 'Nobody reads it' }).waitFor()
  await expectAccessible(page)
})

ui.test('a consumer that acks nothing is told of in the sentence', async (open) => {
  await using session = await AmqpSession.open(ui.broker.url)
  const channel = await session.channel()
  await channel.assertQueue('stuck')
  await ui.publish('stuck', 'a', 'b')
  await channel.consume('stuck', () => undefined)
  const page = await open('/stream?vhost=/&name=stuck', { width: 390, theme: 'dark' })
  await page.getByText(/^1 consumer holds 2 messages and settled none for/).waitFor({
    timeout: 60_000,
  })
  await expectAccessible(page)
})

ui.test('a queue is paused and goes on', async (open) => {
  await using session = await AmqpSession.open(ui.broker.url)
  const channel = await session.channel()
  await channel.assertQueue('held')
  let got = 0
  await channel.consume('held', () => got++)
  const page = await open('/stream?vhost=/&name=held')
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Pause …' }).click()
  await dialog.getByText(/^Nothing of held is delivered until it is resumed/).waitFor()
  await dialog.getByText('pabal queue pause held').waitFor()
  await dialog.getByRole('button', { name: 'Pause held' }).click()
  await page.getByText('paused', { exact: true }).waitFor()
  await ui.publish('held', 'a', 'b')
  await page.getByText(/^Paused for .*: 2 messages wait, and 1 consumer gets none/).waitFor()
  assert.equal(got, 0)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Resume …' }).click()
  await dialog.getByRole('button', { name: 'Resume held' }).click()
  await page.getByText('paused', { exact: true }).waitFor({ state: 'detached' })
  await waitFor('both are delivered', () => got === 2)
})

ui.test('a topic is changed where it stands', async (open) => {
  const page = await open('/stream?vhost=/&name=events')
  await page.getByText('No group reads it. It keeps 0 messages.').waitFor()
  await page.getByRole('button', { name: 'Change: Retention time' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('whenever')
  await dialog.getByText('Not understood').waitFor()
  await dialog.getByRole('textbox').fill('12h')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Change it' }).click()
  await page.locator(setting('Retention time')).getByText('12 h').waitFor()
  await page.locator(setting('Retention time')).getByText('its own setting').waitFor()
  await page.getByRole('button', { name: 'Add partitions …' }).click()
  await dialog.getByRole('textbox').fill('5')
  await dialog.getByRole('button', { name: 'Add 3 partitions' }).click()
  await page.getByText('topic, 5 partitions').waitFor()
  const partitions = page.getByRole('region', { name: 'Partitions' }).locator('.table-row')
  await waitFor('all are listed', async () => (await partitions.count()) === 5)
})

ui.test('a queue is purged, and deleted once its name is typed', async (open) => {
  const page = await open('/stream?vhost=/&name=doomed')
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Purge …' }).click()
  await dialog.getByText('Drops 3 ready messages of doomed.').waitFor()
  await dialog.getByRole('button', { name: 'Purge doomed' }).click()
  await page.getByText('Empty, and nobody consumes it.').waitFor()
  await page.getByRole('button', { name: 'Delete …' }).click()
  await dialog.getByRole('textbox').fill('doome')
  assert.ok(await dialog.getByRole('button', { name: 'Delete doomed' }).isDisabled())
  await dialog.getByRole('textbox').fill('doomed')
  await dialog.getByRole('button', { name: 'Delete doomed' }).click()
  await waitFor('it goes to the list', () => new URL(page.url()).pathname === '/streams')
  await page.goto(`${ui.url}/stream?vhost=/&name=doomed`)
  await page.getByText('It was deleted, or its name is another one.').waitFor()
})
