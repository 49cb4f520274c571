// The page of clusters, where there is none.
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
