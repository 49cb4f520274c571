// What is around all pages: their URLs, keys, names, and what happens when the broker goes.
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { decodePart } from '../../src/admin/api/raw-path.ts'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { openUi, whenLive } from './support/open-ui.ts'
import { makeSomething, pageUrls } from './support/pages.ts'

const ui = openUi({ prepare: makeSomething })

const views = [
  { width: 1440, theme: 'light' },
  { width: 390, theme: 'dark' },
] as const

for (const view of views) {
  ui.test(
    `every page opens by its URL and is accessible, ${view.width} px ${view.theme}`,
    async (open) => {
      const page = await open('/', view)
      const failures: unknown[] = []
      for (const url of pageUrls) {
        await expectGoodPage(page, url).catch((error: unknown) => failures.push(error))
      }
      if (failures.length > 0) throw new AggregateError(failures, failures.join('\n\n'))
    },
  )
}

async function expectGoodPage(page: Page, url: string): Promise<void> {
  await page.goto(ui.url + url)
  await whenLive(page)
  await page.locator('h1').first().waitFor()
  assert.notEqual(await page.title(), 'No such page · Pabal', url)
  await expectNoSidewaysScroll(page)
  await expectAccessible(page)
}

/** Tables may scroll by themselves; the page does not. */
async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  assert.equal(wider, 0, `${page.url()} is wider than its window`)
}

ui.test('a path that is none of the UI says so and leads home', async (open) => {
  const page = await open('/no/such/page')
  assert.match((await page.locator('h1').textContent()) ?? '', /No such page/)
  await page.getByRole('link', { name: 'Go home' }).click()
  await page.waitForURL(`${ui.url}/`)
})

ui.test('everything is reached by keys', async (open) => {
  const page = await open('/')
  const pathIs = (path: string): Promise<unknown> =>
    waitFor(`it goes to ${path}`, () => new URL(page.url()).pathname === path)
  await page.keyboard.press('Tab')
  assert.equal(await page.locator(':focus').textContent(), 'Skip to the page')
  await page.keyboard.press('Enter')
  // One does not wait for the other: they belong together for about a second.
  await Promise.all([page.keyboard.press('g'), page.keyboard.press('s')])
  await pathIs('/streams')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('orders.d')
  await page.getByRole('option', { name: 'orders.dead' }).waitFor()
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  await pathIs('/stream')
  assert.equal(new URL(page.url()).searchParams.get('name'), 'orders.dead')
  await page.goBack()
  await pathIs('/streams')
  // As people from RabbitMQ call what is on the page.
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('users')
  await page.getByRole('option', { name: 'Access' }).click()
  await pathIs('/access')
})

ui.test('the palette leads nowhere that is not called as one has typed', async (open) => {
  const page = await open('/')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('orders.d')
  const old = page.getByRole('option', { name: 'orders.dead' })
  await old.waitFor()
  const isAsked = Promise.withResolvers<void>()
  const mayAnswer = Promise.withResolvers<void>()
  await page.route(/\/api\/v1\/streams\?.*name=events/, async (route) => {
    isAsked.resolve()
    await mayAnswer.promise
    await route.continue()
  })
  await page.getByRole('combobox').fill('events')
  await old.waitFor({ state: 'detached' })
  await isAsked.promise
  await page.keyboard.press('Enter')
  assert.equal(new URL(page.url()).pathname, '/')
  mayAnswer.resolve()
  await page.getByRole('option', { name: 'events' }).waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.searchParams.get('name') === 'events')
})

ui.test('the palette that is opened as the list of keys closes stays open', async (open) => {
  const page = await open('/')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  // In one task, as on a busy machine: that a dialog has closed is told in a task of its own.
  await page.evaluate(`
    document.querySelector('dialog').requestClose()
    dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }))
  `)
  await page.getByRole('combobox').waitFor()
  await page.evaluate('new Promise((resolve) => setTimeout(resolve))')
  assert.ok(await page.getByRole('combobox').isVisible())
  await page.keyboard.press('Escape')
  await page.getByRole('combobox').waitFor({ state: 'detached' })
})

ui.test(
  'the theme is that of the system until somebody chooses one, and stays chosen',
  async (open) => {
    const page = await open('/', { theme: 'dark' })
    const paper = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    const dark = await paper()
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await paper()
    assert.notEqual(light, dark)
    const button = page.getByRole('button', { name: /theme|colou?rs/i })
    await button.click()
    await waitFor(
      'another is chosen',
      async () => (await page.locator('html[data-theme]').count()) === 1,
    )
    const chosen = await page.locator('html').getAttribute('data-theme')
    await page.reload()
    await whenLive(page)
    assert.equal(await page.locator('html').getAttribute('data-theme'), chosen)
  },
)

const hostileNames: readonly (readonly [segment: string, shown: string])[] = [
  ['hostile%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E', 'hostile<img src=x onerror=alert(1)>'],
  ['hostile%E2%80%AEtxt.exe', 'hostileU+202Etxt.exe'],
  ['hostile%00b%01c', 'hostile␀b␁c'],
  ['hostile%FF%FE', 'hostileFFFE'],
  ['hostile%2Fa%3Fb%23c%25%26', 'hostile/a?b#c%&'],
  ['hostile'.padEnd(255, 'x'), 'hostile'.padEnd(255, 'x')],
]

ui.test(
  'names of any bytes are shown as what they are, and lead to their streams',
  async (open) => {
    for (const [segment] of hostileNames) {
      await ui.ask('PUT', `/queues/%2F/${segment}`, { durable: true })
    }
    await ui.ask('PUT', '/queues/%2F/..', { durable: true })
    const page = await open('/')
    for (const [segment, shown] of hostileNames) {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill('hostile')
      const hit = page.getByRole('option').filter({ hasText: shown })
      await hit.click()
      await waitFor('it leads there', () => new URL(page.url()).pathname === '/stream')
      assert.equal(decodePart(/[?&]name=([^&]*)/.exec(page.url())?.[1] ?? ''), decodePart(segment))
      await whenLive(page)
      await expectNoSidewaysScroll(page)
      await page.goBack()
    }
    await page.goto(`${ui.url}/stream?vhost=%2F&name=..`)
    await whenLive(page)
  },
)

ui.test('when the broker goes, the page says since when, and goes on by itself', async (open) => {
  ui.expectProblems(/ERR_|Failed to load/)
  const page = await open('/streams')
  await ui.broker.kill()
  await page.locator('.live-broken').waitFor()
  const told = (await page.locator('.live-broken').textContent()) ?? ''
  assert.match(told, /not live since\s*\d\d:\d\d:\d\d/)
  await expectAccessible(page)
  await ui.broker.restart()
  await whenLive(page)
  await ui.publish('orders', 'after the restart')
})

ui.test('Enter does what has the focus, and opens a row once one has moved to it', async (open) => {
  const page = await open('/streams')
  await page.getByRole('button', { name: 'Create a stream' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('complementary').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('j')
  await page.getByRole('button', { name: /guest/ }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menu').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Storage' }).focus()
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await waitFor('the row is open', () => new URL(page.url()).pathname === '/stream')
})
