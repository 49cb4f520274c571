// How much a browser loads before it shows the first page: somebody may sit behind a telephone at night.
import assert from 'node:assert/strict'
import { filesLoaded } from './support/first-view.ts'
import { openUi, whenLive } from './support/open-ui.ts'

const ui = openUi()

/** Bytes with gzip. */
const firstViewSizeMax = 60_000

ui.test('the first view is small, and comes from the broker alone', async (open) => {
  const page = await open('/none.html', { isBare: true })
  ui.expectProblems(/404/)
  const files = await filesLoaded(page, async () => {
    await page.goto(`${ui.url}/`)
    await whenLive(page)
  })
  const told = files.map(({ path, size }) => `${size} ${path}`).join('\n')
  assert.ok(
    files.some(({ path }) => path === '/') && files.some(({ path }) => path.endsWith('.js')),
    told,
  )
  const size = files.reduce((sum, file) => sum + file.size, 0)
  assert.ok(size <= firstViewSizeMax, `${size} bytes:\n${told}`)
})

ui.test('nothing is loaded from elsewhere, and what is hashed is loaded once', async (open) => {
  const page = await open('/none.html', { isBare: true })
  ui.expectProblems(/404/)
  const hosts = new Set<string>()
  page.on('request', (request) => hosts.add(new URL(request.url()).host))
  await page.goto(`${ui.url}/streams`)
  await whenLive(page)
  assert.deepEqual([...hosts], [new URL(ui.url).host])
  await page.goto(`${ui.url}/streams?page=1`)
  await whenLive(page)
  const sent: unknown = await page.evaluate(
    "performance.getEntriesByType('resource').filter((each) => each.name.includes('/assets/') && each.transferSize > 0).map(({ name }) => name)",
  )
  assert.deepEqual(sent, [])
})
