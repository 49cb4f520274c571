// The documentation as a broker serves it: read, searched and copied from, under the policy of its pages.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { before } from 'node:test'
import { expectAccessible } from './support/axe.ts'
import { type OpenPage, openUi, type View } from './support/open-ui.ts'

before(() => {
  execFileSync(process.execPath, [path.join(import.meta.dirname, '../../scripts/build-docs.ts')])
})
const ui = openUi()
const bare = { isBare: true } as const

ui.test('pages lead on, by keyboard, and back', async (open) => {
  const page = await open('/docs/', bare)
  await page.getByRole('heading', { name: 'Pabal', level: 1 }).waitFor()
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link', { name: 'Concepts' })
    .click()
  await page.getByRole('heading', { name: 'Dead letter' }).waitFor()
  assert.equal(await page.locator('svg.drawing').count(), 7)
  await page.getByRole('link', { name: /^Next/ }).click()
  await page.getByRole('heading', { name: 'Installing' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL(/#docs-text$/)
})

ui.test('the search finds a page and leads there', async (open) => {
  const page = await open('/docs/decisions/0073-operations-are-data.html', bare)
  await page.keyboard.press('/')
  await page.keyboard.type('disk full')
  const found = page.getByRole('listbox').getByRole('option')
  await found.first().waitFor()
  await expectAccessible(page)
  assert.match((await found.first().textContent()) ?? '', /disk full/i)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Runbook: disk full' }).waitFor()
  // Nobody listens to keys before.
  await page.waitForLoadState()
  await page.keyboard.press('/')
  await page.keyboard.type('zzzz')
  await page.getByText('Nothing has these words').waitFor()
  await page.keyboard.press('Escape')
  assert.equal(await page.getByRole('listbox').isVisible(), false)
})

ui.test('code is copied, and the choice of colours stays', async (open) => {
  const page = await open('/docs/start.html', bare)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.locator('.code').first().hover()
  await page.getByRole('button', { name: 'copy' }).first().click()
  await page.getByRole('button', { name: 'copied' }).waitFor()
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'npm start')
  await page.getByRole('button', { name: 'Light or dark' }).click()
  await page.reload()
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
})

async function readable(open: OpenPage, names: readonly string[], view: View): Promise<void> {
  for (const name of names) {
    const page = await open(`/docs/${name}.html`, { ...bare, ...view })
    await expectAccessible(page)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), view.width, name)
  }
}

ui.test('pages can be read by everyone', async (open) => {
  await readable(open, ['index', 'concepts', 'compatibility'], { width: 1440 })
})

ui.test('on a phone in the dark, too', async (open) => {
  await readable(open, ['start', 'stuck-message', 'moving-from-kafka'], {
    width: 390,
    theme: 'dark',
  })
})
