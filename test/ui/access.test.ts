// Who may do what: users, what each may do, and the question whether one may do that.
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { waitFor } from '../support/wait-for.ts'
import { expectAccessible } from './support/axe.ts'
import { atOnce, openUi, type UiUnderTest } from './support/open-ui.ts'

const ui = openUi({ prepare })

async function prepare({ ask }: UiUnderTest): Promise<void> {
  const declare = ask.bind(ui)
  for (const name of ['shop.1', 'shop.2', 'orders']) {
    await declare('PUT', `/queues/%2F/${name}`, { durable: true })
  }
  await declare('PUT', '/vhosts/staging', { description: 'Before it goes out' })
  await declare('PUT', '/users/shop', { password: 'secret', tags: '' })
  await declare('PUT', '/permissions/%2F/shop', {
    configure: '',
    write: '^shop\\.',
    read: '^(shop\\.|orders)',
  })
}

/** What the API says of a user's permission in `/`. */
async function permissionOf(user: string): Promise<Record<string, unknown>> {
  return (await ui.ask('GET', `/permissions/%2F/${user}`)) as Record<string, unknown>
}

async function dialogOf(page: Page, title: string): Promise<ReturnType<Page['getByRole']>> {
  const dialog = page.getByRole('dialog').filter({ hasText: title })
  await dialog.waitFor()
  return dialog
}

ui.test('a user is added with a password, a tag and what it may do', async (open) => {
  const page = await open('/access')
  await page.getByRole('button', { name: 'Add a user' }).click()
  const dialog = await dialogOf(page, 'Add a user')
  await dialog.getByLabel('Name').fill('new one')
  await dialog.getByRole('button', { name: 'Make one' }).click()
  const password = await dialog.getByLabel('Password').inputValue()
  assert.match(password, /^[a-z2-9]{20,26}$/)
  await dialog.getByLabel('monitoring').check()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Add new one' }).click()
  await page.getByRole('complementary', { name: 'User new one' }).waitFor()
  await page.waitForURL((url) => url.searchParams.get('user') === 'new one')
  await page.getByText('May enter 1 virtual host').waitFor()
  const whole = await permissionOf('new%20one')
  assert.deepEqual([whole['configure'], whole['write'], whole['read']], ['.*', '.*', '.*'])
  await expectAccessible(page)
})

ui.test('no hash of a password comes to the page', async (open) => {
  const page = await open('/', { isBare: true })
  const bodies: Promise<string>[] = []
  page.on('response', (answer) => {
    if (answer.url().includes('/api/users')) bodies.push(answer.text())
  })
  const views = page.waitForRequest(/\/api\/v1\/live.*users/)
  await page.goto(`${ui.url}/access?user=shop`)
  await page.getByText('May enter 1 virtual host').waitFor()
  for (const view of new URL((await views).url()).searchParams.getAll('view')) {
    if (!view.startsWith('/users')) continue
    assert.match(view, /columns=|permissions/, view)
  }
  assert.deepEqual(await Promise.all(bodies), [])
})

ui.test('a permission is changed with a look at what each pattern fits', async (open) => {
  const page = await open('/access?user=shop')
  const place = page.getByRole('article', { name: 'Virtual host /' })
  await place.getByText('fits 2 of 3 streams').waitFor()
  await place.getByText('fits 3 of 3 streams').waitFor()
  await place.getByRole('button', { name: 'Edit' }).click()
  await place.getByLabel('Pattern for read').fill('^(orders')
  await place.getByRole('alert').filter({ hasText: 'missing closing' }).waitFor()
  await place.getByLabel('Pattern for read').fill('^orders$')
  await place.getByText('fits 1 of 3 streams').waitFor()
  await expectAccessible(page)
  await place.getByRole('button', { name: 'Save' }).click()
  await place.getByText('^orders$').waitFor()
  // The form had that text, too.
  await waitFor('the permission is changed', async () => {
    return (await permissionOf('shop'))['read'] === '^orders$'
  })
})

ui.test('a question has an answer that names the pattern, and a URL', async (open) => {
  const page = await open('/access?tab=test&who=shop&action=write&kind=queue&name=orders')
  await page.getByText('No, it may not').waitFor()
  await page.getByText("Its pattern for write, ^shop\\., does not fit 'orders'.").waitFor()
  await page.getByText("write access to queue 'orders' in vhost '/' refused").waitFor()
  await page.getByLabel('called').fill('shop.1')
  await page.getByText('Yes, it may').waitFor()
  await page.waitForURL((url) => url.searchParams.get('name') === 'shop.1')
  await page.getByText('pabal permission test shop write queue shop.1').waitFor()
  await page.getByLabel('do', { exact: true }).selectOption('manage')
  await page.getByText("'shop' has no tags, and management is needed.").waitFor()
  await expectAccessible(page)
})

ui.test('a password and tags are changed, and the user still logs in', async (open) => {
  await ui.ask('PUT', '/users/changed', { password: 'old', tags: '' })
  const page = await open('/access?user=changed')
  await page.getByRole('button', { name: 'Change the password' }).click()
  const dialog = await dialogOf(page, 'Change the password')
  await dialog.getByLabel('Password').fill('better')
  await dialog.getByRole('button', { name: 'Change the password' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Change tags' }).click()
  const tags = await dialogOf(page, 'Change the tags')
  await tags.getByLabel('policymaker').check()
  await tags.getByRole('button', { name: 'Change the tags' }).click()
  await tags.waitFor({ state: 'detached' })
  const me = await fetch(`${ui.url}/api/whoami`, {
    headers: { authorization: `Basic ${btoa('changed:better')}` },
  })
  assert.deepEqual(((await me.json()) as { tags: string[] }).tags, ['policymaker'])
})

ui.test('a key counts from the moment at which its panel is there', async (open) => {
  const page = await open('/none.html', { isBare: true })
  ui.expectProblems(/404/)
  const escape = "new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })"
  await atOnce(page, 'aside.panel', `document.body.dispatchEvent(${escape})`)
  await page.goto(`${ui.url}/access?user=shop`)
  await page.waitForURL(`${ui.url}/access`)
})

ui.test('Escape leaves the dialog, and gives the focus back to the panel', async (open) => {
  const page = await open('/access?user=shop')
  const opener = page.getByRole('button', { name: 'Change the password' })
  await opener.click()
  await dialogOf(page, 'Change the password')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.locator('button:focus', { hasText: 'Change the password' }).waitFor()
})

ui.test('a dialog that was left while it worked closes no other one', async (open) => {
  await ui.ask('PUT', '/users/slow', { password: 'old', tags: '' })
  const page = await open('/access?user=slow')
  const [isAsked, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await page.route('**/api/users/slow', async (route) => {
    isAsked.resolve()
    await mayGoOn.promise
    await route.continue()
  })
  await page.getByRole('button', { name: 'Change the password' }).click()
  const dialog = await dialogOf(page, 'Change the password')
  await dialog.getByLabel('Password').fill('better')
  await dialog.getByRole('button', { name: 'Change the password' }).click()
  await isAsked.promise
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Change tags' }).click()
  const tags = await dialogOf(page, 'Change the tags')
  const answered = page.waitForResponse('**/api/users/slow')
  mayGoOn.resolve()
  await (await answered).finished()
  await page.evaluate('new Promise((resolve) => setTimeout(resolve))')
  await tags.getByLabel('policymaker').check()
})

ui.test('a user goes with its name typed', async (open) => {
  await ui.ask('PUT', '/users/doomed', { password: 'x', tags: '' })
  const page = await open('/access?user=doomed')
  await page.getByRole('button', { name: 'Delete' }).click()
  const dialog = await dialogOf(page, 'Delete user doomed')
  const end = dialog.getByRole('button', { name: 'Delete the user' })
  assert.ok(await end.isDisabled())
  await dialog.getByLabel(/Type doomed/).fill('doomed')
  await end.click()
  await waitFor('the panel closes', () => !new URL(page.url()).searchParams.has('user'))
  const users = (await ui.ask('GET', '/users?columns=name')) as { readonly name: string }[]
  assert.ok(users.every(({ name }) => name !== 'doomed'))
})

ui.test('a virtual host says who may enter it, and goes with what is in it', async (open) => {
  await ui.ask('PUT', '/vhosts/gone', {})
  await ui.ask('PUT', '/queues/gone/one', { durable: true })
  const page = await open('/access?tab=vhosts&vhost=gone')
  await page.getByText('1 user may enter it').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Delete' }).click()
  const dialog = await dialogOf(page, 'Delete virtual host gone')
  await dialog.getByText('with 1 stream and 0 messages').waitFor()
  await dialog.getByLabel(/Type gone/).fill('gone')
  await dialog.getByRole('button', { name: 'Delete the virtual host' }).click()
  await page.getByText('2 virtual hosts').waitFor()
})

ui.test('a narrow window shows the same', async (open) => {
  const page = await open('/access?user=shop', { width: 390, theme: 'dark' })
  await page.getByText('May enter 1 virtual host').waitFor()
  await expectAccessible(page)
})

ui.test('an ACL is added, decides, and is deleted', async (open) => {
  const page = await open('/access?tab=acls')
  await page.getByText('No ACLs').waitFor()
  await page.getByRole('button', { name: 'Add an ACL' }).click()
  const dialog = await dialogOf(page, 'Add an ACL')
  await dialog.getByLabel('User, or * for all').fill('shop')
  await dialog.getByLabel('Is', { exact: true }).selectOption('deny')
  await dialog.getByLabel('Name, or * for all').fill('orders')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Add the ACL' }).click()
  // The command in the dialog has that user, too.
  await page.locator('.table-row', { hasText: 'User:shop' }).waitFor()
  assert.deepEqual(await ui.ask('GET', '/v1/acls'), [
    {
      resource_type: 'topic',
      name: 'orders',
      pattern_type: 'literal',
      principal: 'User:shop',
      host: '*',
      operation: 'read',
      permission: 'deny',
    },
  ])
  await expectAccessible(page)
  const tester = await open('/access?tab=test&who=shop&action=read&kind=queue&name=orders')
  await tester.getByText('An ACL decides').waitFor()
  await tester.getByText('No, it may not').waitFor()
  await page.getByRole('button', { name: 'Delete' }).first().click()
  const deletion = await dialogOf(page, 'Delete an ACL')
  await deletion.getByRole('button', { name: 'Delete the ACL' }).click()
  await page.getByText('No ACLs').waitFor()
  assert.deepEqual(await ui.ask('GET', '/v1/acls'), [])
})
