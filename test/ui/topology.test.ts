// Topology: what leads where, with real traffic, by mouse and by keyboard.
import assert from 'node:assert/strict'
import amqp from 'amqplib'
import type { Page } from 'playwright-core'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest } from './support/open-ui.ts'

const ui = openUi({ prepare: makeShop })

async function makeShop({ ask, broker }: UiUnderTest): Promise<void> {
  const make = ask.bind(ui)
  await make('PUT', '/exchanges/%2F/orders', { type: 'topic', durable: true })
  await make('PUT', '/exchanges/%2F/dlx', { type: 'fanout', durable: true })
  await make('PUT', '/exchanges/%2F/nothing', { type: 'direct', durable: true })
  const dead = { 'x-dead-letter-exchange': 'dlx' }
  await make('PUT', '/queues/%2F/orders.new', { durable: true, arguments: dead })
  await make('PUT', '/queues/%2F/orders.dead', { durable: true })
  await make('PUT', '/queues/%2F/unused', { durable: true })
  await make('POST', '/bindings/%2F/e/orders/q/orders.new', { routing_key: 'order.*' })
  await make('POST', '/bindings/%2F/e/dlx/q/orders.dead', {})
  for (let index = 0; index < 14; index++) {
    await make('PUT', `/queues/%2F/alike${index}`, { durable: true })
    await make('POST', `/bindings/%2F/e/amq.fanout/q/alike${index}`, {})
  }
  const connection = await amqp.connect(broker.url, {
    clientProperties: { connection_name: 'shop' },
  })
  connection.on('error', () => {})
  const channel = await connection.createConfirmChannel()
  await channel.consume('orders.new', (message) => message && channel.ack(message))
  channel.publish('orders', 'order.new', Buffer.from('x'))
  channel.publish('orders', 'stock.low', Buffer.from('x'))
  await channel.waitForConfirms()
}

const nodeIn = (page: Page, id: string): ReturnType<Page['locator']> =>
  page.locator(`[data-node="${id}"]`)

ui.test('shows what leads where, and what is wrong in words', async (open) => {
  const page = await open('/topology')
  await nodeIn(page, 'exchange:orders').waitFor()
  await page.getByRole('button', { name: /^orders, topic exchange, 1 unroutable/ }).waitFor()
  await page
    .getByText('1 message found no queue at the exchange orders', { exact: false })
    .waitFor()
  await nodeIn(page, 'client:shop').waitFor()
  await page.locator('.edge-text', { hasText: 'order.*' }).first().waitFor()
  await page.getByText('things bound to nothing').first().waitFor()
  await expectAccessible(page)
})

ui.test('opens what one clicks, and what is near it', async (open) => {
  const page = await open('/topology')
  await nodeIn(page, 'queue:orders.new').click()
  const panel = page.getByRole('complementary', { name: 'orders.new' })
  await panel.getByText('order.*').waitFor()
  await page.waitForURL(/open=queue:orders\.new/)
  await page.locator('.node-dim[data-node="exchange:amq.fanout"]').waitFor()
  assert.match(
    (await nodeIn(page, 'exchange:dlx').getAttribute('class')) ?? '',
    /^node node-exchange$/,
  )
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Only what is near' }).click()
  await nodeIn(page, 'exchange:amq.fanout').waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Remove what it is drawn around' }).click()
  await nodeIn(page, 'exchange:amq.fanout').waitFor()
})

ui.test('goes by the keyboard alone, and folds what is alike', async (open) => {
  const page = await open('/topology?around=exchange:orders')
  await nodeIn(page, 'exchange:orders').focus()
  await page.keyboard.press('ArrowRight')
  await page.locator('[data-node="queue:orders.new"]:focus').waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('complementary', { name: 'orders.new' }).waitFor()
  const whole = await open('/topology')
  const more = whole.getByRole('button', { name: '8 more queues, show them' })
  await more.focus()
  await whole.keyboard.press('Enter')
  await more.waitFor({ state: 'detached' })
  await nodeIn(whole, 'queue:alike13').waitFor()
})

ui.test('says where a message would go, and why not', async (open) => {
  const page = await open('/topology?panel=route&exchange=orders&key=order.new')
  const panel = page.getByRole('complementary', { name: 'Routing tester' })
  await panel.getByText('It comes to orders.new.').waitFor()
  await panel.getByText('matched by order.*').waitFor()
  await page.locator('[data-node="queue:orders.new"].node-lit').waitFor()
  await expectAccessible(page)
  await panel.getByLabel('Routing key').fill('stock.low')
  await panel.getByRole('button', { name: 'Show the way' }).click()
  await panel.getByText('Unroutable: no queue gets it.', { exact: false }).waitFor()
  await panel.getByText('order.* does not match').waitFor()
  await panel.getByText('pabal route-test orders stock.low').waitFor()
  await panel.getByText('Try patterns on this key').click()
  await panel.getByLabel('Patterns, a line each').fill('stock.*\norder.#')
  await panel.getByText('matches stock.low').waitFor()
  await panel.getByText('Publish it as a test message').click()
  await panel.getByLabel('Exchange').selectOption('dlx')
  await panel.getByRole('button', { name: 'Show the way' }).click()
  await panel.getByText('as all do').waitFor()
  await panel.getByText('Publish it as a test message').click()
  await panel.getByRole('button', { name: 'Publish 1 message' }).click()
  await page.getByText('Published', { exact: true }).waitFor()
})

ui.test('declares and deletes an exchange, adds and removes a binding', async (open) => {
  const page = await open('/topology')
  await page.getByRole('button', { name: 'Declare an exchange' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('bills')
  await dialog.getByText('pabal exchange create bills --type topic').waitFor()
  await dialog.getByRole('button', { name: 'Declare exchange' }).click()
  const panel = page.getByRole('complementary', { name: 'bills' })
  await panel.getByRole('button', { name: 'Add binding' }).click()
  await dialog.getByLabel('Queue, topic or exchange').fill('orders.dead')
  await dialog.getByLabel('Routing key').fill('bill.#')
  await dialog.getByRole('button', { name: 'Add binding' }).click()
  await nodeIn(page, 'exchange:bills').waitFor()
  await panel.getByRole('button', { name: 'Remove binding bill.#' }).click()
  await dialog
    .getByText('orders.dead gets no more messages that match bill.# from bills', { exact: false })
    .waitFor()
  await dialog.getByRole('button', { name: 'Remove binding' }).click()
  await panel.getByRole('button', { name: 'Remove binding bill.#' }).waitFor({ state: 'detached' })
  await panel.getByRole('button', { name: 'Delete exchange' }).click()
  await dialog.getByText('Deletes bills and 0 bindings.', { exact: false }).waitFor()
  await dialog.getByRole('textbox').fill('bills')
  await dialog.getByRole('button', { name: 'Delete exchange' }).click()
  await panel.waitFor({ state: 'detached' })
})

ui.test('is a list on a small screen, and says what it has not', async (open) => {
  const page = await open('/topology', { width: 390, height: 844, theme: 'dark' })
  const list = page.getByRole('region', { name: 'Exchanges, queues, topics and who reads them' })
  await list.locator('bdi', { hasText: 'orders.new' }).waitFor()
  await list.getByText('1 unroutable').waitFor()
  await expectAccessible(page)
  const other = await open('/topology?exchange=amq.match&count=2')
  await other.getByRole('complementary', { name: 'amq.match' }).waitFor()
  const gone = await open('/topology?around=queue:nowhere')
  await gone.getByText('nowhere is not here').waitFor()
  ui.expectProblems(/404/)
})

ui.test('words on edges do not stand on each other, and come for whoever looks', async (open) => {
  const make = ui.ask.bind(ui)
  await make('PUT', '/vhosts/fan', {})
  const queues = ['billing', 'reporting', 'search', 'archive']
  for (const name of queues) await make('PUT', `/queues/fan/${name}`, { durable: true })
  for (const name of ['orders', 'payments', 'shipping', 'returns', 'audit']) {
    await make('PUT', `/exchanges/fan/${name}`, { type: 'topic', durable: true })
    for (const queue of queues) {
      const key = { routing_key: `${name}.*.for-${queue}` }
      await make('POST', `/bindings/fan/e/${name}/q/${queue}`, key)
    }
  }
  for (const view of [{ width: 1440 }, { width: 390, theme: 'dark' }] as const) {
    const page = await open('/topology?vhost=fan&view=picture', view)
    await page.locator('.edge-text').first().waitFor()
    assert.deepEqual(await wordsOnOthers(page), [])
    await nodeIn(page, 'exchange:audit').focus()
    await page.keyboard.press('Shift')
    for (const queue of queues) {
      const title = page.locator('.edge-text.edge-lit title', { hasText: `audit.*.for-${queue}` })
      await title.waitFor({ state: 'attached' })
    }
    assert.deepEqual(await wordsOnOthers(page), [])
    await expectAccessible(page)
  }
  const page = await open('/topology?vhost=fan')
  for (const text of ['orders.*.for-search', 'returns.*.for-billing']) {
    const line = page.locator('g[data-edge]', { has: page.getByText(text, { exact: true }) })
    await line.locator('.edge-around').dispatchEvent('pointerover')
    await page
      .locator('.edge-text.edge-lit title', { hasText: text })
      .waitFor({ state: 'attached' })
    assert.deepEqual(await wordsOnOthers(page), [])
  }
})

/** Pairs of words of which one stands on the other. */
function wordsOnOthers(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const all = [...document.querySelectorAll('.edge-text')].map((each) => [
      each.firstChild.textContent,
      each.getBBox(),
    ])
    return all.flatMap(([text, a], index) =>
      all.slice(index + 1).flatMap(([other, b]) => {
        const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
        const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
        return wide > 1 && high > 2 ? [text + ' on ' + other] : []
      }),
    )
  })()`) as Promise<string[]>
}
