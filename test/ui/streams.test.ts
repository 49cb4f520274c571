// The list of streams: what it shows while clients use them, how it is held back and sorted, views, creation, and
// what is done to several at once.
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { AmqpSession } from '../support/amqp-session.ts'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi, type UiUnderTest } from './support/open-ui.ts'

const hostile = ['\u202egnp.exe', ' around ', 'a\u0001b', 'ключ/注文🛒', 'x'.repeat(255)]

async function prepare(ui: UiUnderTest): Promise<void> {
  for (const name of [
    'orders',
    'billing',
    ...Array.from({ length: 30 }, (_, n) => `worker-${n}`),
  ]) {
    await ui.ask('PUT', `/queues/%2F/${name}`, { durable: true })
  }
  for (const name of hostile) {
    await ui.ask('PUT', `/queues/%2F/${encodeURIComponent(name)}`, { durable: true })
  }
  await ui.ask('PUT', '/queues/%2F/raw%FF%FE', { durable: true })
  await ui.ask('PUT', '/queues/%2F/events', {
    durable: true,
    arguments: { 'x-queue-type': 'stream', 'x-partitions': 3 },
  })
  await ui.publish('orders', 'a', 'b', 'c')
}

const ui = openUi({ prepare })

async function names(page: Page): Promise<string[]> {
  return page.locator('.table-row .name-text').allTextContents()
}

/** Of the page's URL. */
function param(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name)
}

ui.test('streams are listed with what is in them, and grow before one’s eyes', async (open) => {
  await using session = await AmqpSession.open(ui.broker.url)
  const channel = await session.confirmChannel()
  const page = await open('/streams?sort=messages&desc=true')
  const first = page.locator('.table-row').first()
  assert.match((await first.textContent()) ?? '', /orders.*classic3/)
  const publishing = setInterval(() => {
    for (let n = 0; n < 5; n++) channel.sendToQueue('billing', Buffer.from('x'))
  }, 50)
  try {
    await page.getByText(/1 queue grows: billing by/).waitFor({ timeout: 60_000 })
    const billing = page.locator('.table-row', { hasText: 'billing' })
    await billing.getByText('and growing').waitFor()
    await page.getByRole('link', { name: '1 queue grows' }).click()
    await waitFor('only that is shown', async () => (await names(page)).join() === 'billing')
    assert.equal(param(page, 'state'), 'growing')
  } finally {
    clearInterval(publishing)
  }
  await expectAccessible(page)
})

ui.test(
  'filters, order and columns are in the URL, and a link to it shows the same',
  async (open) => {
    const page = await open('/streams')
    await page.keyboard.press('/')
    await page.keyboard.type('worker-1')
    await waitFor('the name is in the URL', () => param(page, 'q') === 'worker-1')
    await page.getByRole('button', { name: 'empty', exact: true }).click()
    await page.getByRole('button', { name: 'Messages' }).click()
    await page.getByText('11 streams fit').waitFor()
    await page.getByRole('button', { name: 'regex' }).click()
    await page.getByLabel('Name', { exact: true }).fill('^worker-1$')
    await page.getByText('1 stream fits').waitFor()
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('menuitemradio', { name: 'Growth' }).click()
    await page.getByRole('columnheader', { name: 'Growth' }).waitFor()
    const again = await open(new URL(page.url()).pathname + new URL(page.url()).search)
    await again.getByText('1 stream fits').waitFor()
    await again.getByRole('columnheader', { name: 'Growth' }).waitFor()
    assert.deepEqual(await names(again), ['worker-1'])
    assert.equal(param(again, 'sort'), 'messages')
    await again.getByLabel('Name', { exact: true }).fill('no such thing')
    await again.getByRole('heading', { name: 'No stream fits' }).waitFor()
    await again.getByRole('link', { name: 'Show all streams' }).click()
    await again.getByRole('link', { name: 'orders' }).waitFor()
  },
)

ui.test('who types on while a word is looked for loses no letter', async (open) => {
  const page = await open('/streams')
  // The next letter comes in the turn after the word is in the URL.
  const shown = await page.evaluate(`new Promise((resolve) => {
    const field = document.querySelector('[data-search]')
    const type = (text) => {
      field.value = text
      field.dispatchEvent(new InputEvent('input', { bubbles: true }))
    }
    const replace = history.replaceState
    history.replaceState = (...all) => {
      history.replaceState = replace
      history.replaceState(...all)
      setTimeout(() => {
        type('worker-12')
        setTimeout(() => resolve(field.value), 150)
      })
    }
    type('worker-1')
  })`)
  assert.equal(shown, 'worker-12')
  await page.getByText('1 stream fits').waitFor()
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'worker-12')
})

ui.test('a view is kept by its name', async (open) => {
  const page = await open('/streams?kind=topic')
  await page.getByRole('button', { name: /^View: / }).click()
  await page.getByRole('menuitem', { name: 'Save this view …' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Our topics')
  await page.keyboard.press('Enter')
  await page.goto(`${ui.url}/streams`)
  await page.getByRole('button', { name: /^View: / }).click()
  await page.getByRole('menuitemradio', { name: 'Our topics' }).click()
  await waitFor('only topics are shown', async () => (await names(page)).join() === 'events')
  await page.getByRole('button', { name: /^View: / }).click()
  await page.getByRole('menuitem', { name: 'Forget “Our topics”' }).click()
  await page.getByRole('button', { name: /^View: / }).click()
  assert.equal(await page.getByRole('menuitemradio', { name: 'Our topics' }).count(), 0)
})

ui.test('a queue is created by keys alone, with the command that does the same', async (open) => {
  const page = await open('/streams')
  await page.keyboard.press('c')
  const panel = page.getByRole('complementary', { name: 'Create a stream' })
  await panel.getByRole('button', { name: 'Quorum queue' }).click()
  await panel.getByLabel('Name').fill('fresh')
  await panel.getByText('Limits, order and what is kept').click()
  await panel.getByLabel('Messages live for').fill('soon')
  await panel.getByText(/^Not understood/).waitFor()
  assert.ok(await panel.getByRole('button', { name: 'Create quorum queue' }).isDisabled())
  await panel.getByLabel('Messages live for').fill('5m')
  await panel
    .getByText('pabal create fresh --type quorum --argument x-message-ttl=300000')
    .waitFor()
  await expectAccessible(page)
  await panel.getByLabel('Name').press('Enter')
  await page.getByRole('heading', { name: 'fresh' }).waitFor()
  const made = (await ui.ask('GET', '/queues/%2F/fresh')) as { readonly arguments: object }
  assert.deepEqual(made.arguments, { 'x-queue-type': 'quorum', 'x-message-ttl': 300_000 })
  await ui.ask('DELETE', '/queues/%2F/fresh')
})

ui.test('several are deleted once their number is typed, and nothing else is', async (open) => {
  const page = await open('/streams?q=worker-2')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.getByText('1 stream chosen').waitFor()
  await page.getByRole('button', { name: 'Choose all 11' }).click()
  await page.getByText('11 streams chosen').waitFor()
  await page.getByRole('button', { name: 'Delete …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Deletes 11 streams with 0 messages and all bindings.').waitFor()
  const go = dialog.getByRole('button', { name: 'Delete 11 streams' })
  assert.ok(await go.isDisabled())
  await dialog.getByRole('textbox').fill('11 streams')
  await expectAccessible(page)
  await go.click()
  await page.getByRole('heading', { name: 'No stream fits' }).waitFor()
  await page.getByRole('link', { name: 'Show all streams' }).click()
  await page.getByRole('link', { name: 'worker-3', exact: true }).waitFor()
})

ui.test('names look like what they are, and each leads to its stream', async (open) => {
  const page = await open('/streams?state=empty')
  const shown = await names(page)
  for (const text of ['U+202Egnp.exe', '␣around␣', 'a␁b', 'ключ/注文🛒', 'rawFFFE']) {
    assert.ok(shown.includes(text), `${text} in ${shown.join(' ')}`)
  }
  for (const text of ['U+202Egnp.exe', 'rawFFFE', 'ключ/注文🛒', 'a␁b', '␣around␣']) {
    await page.locator('.table-row a', { hasText: text }).first().click()
    await page.getByText('Empty, and nobody consumes it.').waitFor()
    assert.equal(await page.locator('h1 .name-text').textContent(), text)
    await page.goBack()
    await page.locator('.table-row').first().waitFor()
  }
  await page.locator('.table-row a', { hasText: 'x'.repeat(255) }).click()
  await page.getByText('Empty, and nobody consumes it.').waitFor()
  await page.getByRole('button', { name: 'Delete …' }).click()
  await page.getByText('Type this stream to go on').waitFor()
})

ui.test('it is of use on a phone', async (open) => {
  const page = await open('/streams', { width: 390, theme: 'dark' })
  await page.getByRole('link', { name: 'orders' }).waitFor()
  assert.equal(await page.getByRole('columnheader', { name: 'Unacked' }).isVisible(), false)
  await expectAccessible(page)
})
