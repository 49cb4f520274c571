// The page of clusters, where there is none, and what all pages say while a part of a cluster does not answer.
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

ui.test('a page names those whose part of a list is missing', async (open) => {
  ui.expectProblems(/ERR_|Failed to load/)
  const page = await open('/streams', { isBare: true })
  const body = { items: [], page: 1, page_size: 100, filtered_count: 0, total_count: 0 }
  const missing = ['node n2', 'cell 10', 'cell 3']
  await page.route(/api.v1.live/, (route) => {
    const asked = new URL(route.request().url()).searchParams.getAll('view')
    const view = asked.findIndex((path) => path.startsWith('/v1/streams?'))
    const data = JSON.stringify({ view, status: 200, missing, body })
    const event = view < 0 ? '' : `event: view\ndata: ${data}\n\n`
    return route.fulfill({ contentType: 'text/event-stream', body: event })
  })
  await page.reload()
  await page.getByText('These do not answer: cell 3, cell 10, node n2').waitFor()
  await expectAccessible(page)
  await page.unroute(/api.v1.live/)
  await page.getByText('These do not answer').waitFor({ state: 'detached' })
})
