// Whether people can use a page who see little, or use no mouse: axe-core's rules, in the page itself.
import assert from 'node:assert/strict'
import axe, { type AxeResults, type Result } from 'axe-core'
import type { Page } from 'playwright-core'

/** Fails with what axe finds serious or critical, and with colours that are hard to read in the other theme. */
export async function expectAccessible(page: Page): Promise<void> {
  // Not as a script element, which the page's policy would refuse.
  await page.evaluate(axe.source)
  await expectNone(page, '')
  // Narrow windows have the same colours.
  if ((page.viewportSize()?.width ?? 0) < 720) return
  const isDark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
  await page.emulateMedia({ colorScheme: isDark ? 'light' : 'dark' })
  await expectNone(page, ", runOnly: ['color-contrast']")
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light' })
}

async function expectNone(page: Page, options: string): Promise<void> {
  const { violations } = (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations']${options} })`,
  )) as AxeResults
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  assert.deepEqual(grave.map(describe), [], page.url())
}

function describe({ id, help, nodes }: Result): string {
  const places = nodes.slice(0, 5).map(({ html, failureSummary = '' }) => {
    const [, why = ''] = failureSummary.split('\n')
    return `  ${html.slice(0, 200)}\n  ${why.trim()}`
  })
  return `${id}: ${help} (${nodes.length})\n${places.join('\n')}`
}
