// The page of clusters, where there is none, and what all pages say while a part of a cluster does not answer.
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { expectAccessible } from './support/axe.ts'
import { openUi } from './support/open-ui.ts'

const ui = openUi()

ui.test(
  'a broker alone has no such page in its navigation, and the page says why',
  async (open) => {
    const page = await open('/cluster')
    await page.getByText('This broker is alone').waitFor()
    await page.getByText('One node, on its own disk').waitFor()
    await page.getByRole('navigation', { name: 'Pages' }).getByText('Storage').waitFor()
    const link = page
      .getByRole('navigation', { name: 'Pages' })
      .getByRole('link', { name: 'Cluster' })
    await link.waitFor({ state: 'detached' })
    await expectAccessible(page)
  },
)

ui.test('a node that is drained has a button that fits its row', async (open) => {
  ui.expectProblems(/ERR_|Failed to load/)
  const alone = (await ui.ask('GET', '/v1/cluster')) as Readonly<Record<string, unknown>>
  const node = { addresses: {}, cells: [], heartbeat_ms: 1, is_self: false, version: '0.1.0' }
  const nodes = [
    { ...node, name: 'n1', state: 'draining' },
    { ...node, name: 'n2', state: 'gone' },
  ]
  const page = await open('/cluster', { isBare: true })
  const postgres = { answers: true, standby: true, full_for_ms: null, latency_ms: null }
  const objects = { is_broken: false, latency_ms: null, failed_tries: 0 }
  const body = { ...alone, is_cluster: true, node: 'n3', nodes, cells: [], postgres, objects }
  await answerLive(page, '/v1/cluster', { body })
  await page.reload()
  for (const name of ['Undrain', 'Forget']) {
    const cell = page.getByRole('cell', { name })
    await cell.waitFor()
    assert.ok(await cell.evaluate((each) => each.scrollWidth <= each.clientWidth), name)
  }
})

ui.test('in a narrow window each page of the bar has its name in one line', async (open) => {
  const page = await open('/connections', { width: 390 })
  const bar = page.getByRole('navigation', { name: 'Pages' })
  await bar.getByRole('link', { name: 'Connections' }).waitFor()
  const heights = (await page.evaluate(heightsOfNames)) as number[]
  assert.equal(heights.length, 4)
  assert.deepEqual(
    heights.filter((height) => height > 20),
    [],
  )
})

/** Of what is seen in the bar, in the browser. */
const heightsOfNames = `[...document.querySelectorAll('nav a')].flatMap((link) => {
  const range = document.createRange()
  range.selectNodeContents(link)
  const { height } = range.getBoundingClientRect()
  return height === 0 ? [] : [height]
})`

ui.test('a page names those whose part of a list is missing', async (open) => {
  ui.expectProblems(/ERR_|Failed to load/)
  const page = await open('/streams', { isBare: true })
  const body = { items: [], page: 1, page_size: 100, filtered_count: 0, total_count: 0 }
  const missing = ['node n2', 'cell 10', 'cell 3']
  await answerLive(page, '/v1/streams?', { missing, body })
  await page.reload()
  await page.getByText('These do not answer: cell 3, cell 10, node n2').waitFor()
  await expectAccessible(page)
  await page.unroute(/api.v1.live/)
  await page.getByText('These do not answer').waitFor({ state: 'detached' })
})

ui.test('the storage of a cluster is PostgreSQL and objects, and no disk', async (open) => {
  ui.expectProblems(/ERR_|Failed to load/)
  const storage = (await ui.ask('GET', '/v1/storage')) as Readonly<Record<string, unknown>>
  const page = await open('/storage', { isBare: true })
  const disk = { size: 2 ** 30, free: 2 ** 30, blocked_at: 50 * 2 ** 20 }
  await answerLive(page, '/v1/storage', { body: { ...storage, data_folder: null, disk } })
  await page.reload()
  await page.getByText('1.00 GiB free for what waits for the store of objects').waitFor()
  await page.getByText('of 1.00 GiB, in the fullest cell').waitFor()
  await page.getByText('committed by PostgreSQL: it survives the loss of any node').waitFor()
  await expectAccessible(page)
})

ui.test('a topic of a cluster is made so that all nodes lead its partitions', async (open) => {
  ui.expectProblems(/ERR_|Failed to load/)
  const home = (await ui.ask('GET', '/v1/home')) as Readonly<Record<string, unknown>>
  const page = await open('/streams', { isBare: true })
  await answerLive(page, '/v1/home', { body: { ...home, nodes: { gone: 0, cells_out: 0 } } })
  await page.reload()
  await page.getByRole('button', { name: 'Create a stream' }).first().click()
  const panel = page.getByRole('complementary', { name: 'Create a stream' })
  await panel.getByRole('button', { name: 'Topic' }).click()
  await panel.getByLabel('Name').fill('spread')
  await panel.getByLabel('Partitions').fill('3')
  await panel.getByText('pabal create spread --type topic --partitions 3').waitFor()
  await panel.getByRole('button', { name: 'Create topic' }).click()
  await page.getByText('Created spread').waitFor()
  const made = (await ui.ask('GET', '/v1/streams/%2F/spread')) as { readonly partitions: object }
  assert.ok(made.partitions)
})

/** What a page sees of one address, as if a broker of another kind answered. */
async function answerLive(
  page: Page,
  start: string,
  answer: Readonly<Record<string, unknown>>,
): Promise<void> {
  await page.route(/api.v1.live/, (route) => {
    const asked = new URL(route.request().url()).searchParams.getAll('view')
    const view = asked.findIndex((path) => path.startsWith(start))
    const data = JSON.stringify({ view, status: 200, ...answer })
    const event = view < 0 ? '' : `event: view\ndata: ${data}\n\n`
    return route.fulfill({ contentType: 'text/event-stream', body: event })
  })
}
