// The UI of a broker whose users log in.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Page } from 'playwright-core'
import { expectAccessible } from './support/axe.ts'
import { openUi, whenLive } from './support/open-ui.ts'

const folder = mkdtempSync(join(tmpdir(), 'pabal-login-'))
after(() => rmSync(folder, { recursive: true }))
const passwordFile = join(folder, 'password')
writeFileSync(passwordFile, 'secret\n')

const ui = openUi({
  flags: ['--user', 'boss', '--password-file', passwordFile],
  login: 'boss:secret',
})

async function logIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByRole('textbox', { name: 'User' }).fill(user)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
}

ui.test('a login is asked for on a page, and leads on to what was asked for', async (open) => {
  ui.expectProblems(/401/)
  const page = await open('/streams?sort=messages', { isBare: true })
  await page.getByLabel('Password').waitFor()
  await expectAccessible(page)
  await logIn(page, 'boss', 'wrong')
  await page.getByText('User or password is wrong.').waitFor()
  await logIn(page, 'boss', 'secret')
  await whenLive(page)
  assert.equal(new URL(page.url()).search, '?sort=messages')
  const [cookie] = await page.context().cookies()
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.secure], [true, 'Strict', false])
  await page.reload()
  await whenLive(page)
  await page.getByRole('button', { name: 'User: boss' }).click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await page.getByLabel('Password').waitFor()
  assert.deepEqual(await page.context().cookies(), [])
})

ui.test('who is deleted meanwhile is asked again', async (open) => {
  ui.expectProblems(/401/)
  await ui.ask('PUT', '/users/brief', { password: 'brief', tags: 'management' })
  const page = await open('/', { isBare: true })
  await logIn(page, 'brief', 'brief')
  await whenLive(page)
  await ui.ask('DELETE', '/users/brief')
  await page.getByLabel('Password').waitFor()
})

ui.test('who has no tag reads which one it lacks, and is not logged in', async (open) => {
  ui.expectProblems(/401/)
  await ui.ask('PUT', '/users/plain', { password: 'plain', tags: '' })
  const page = await open('/', { isBare: true })
  await logIn(page, 'plain', 'plain')
  await page.getByText('pabal user tags plain monitoring').waitFor()
  await expectAccessible(page)
  await logIn(page, 'guest', 'guest')
  await page.getByText('is there only while the broker has no').waitFor()
})

ui.test('a token that is none is refused, and the password is asked for again', async (open) => {
  ui.expectProblems(/401/)
  const page = await open('/', { isBare: true })
  await page.getByRole('button', { name: 'Log in with a token' }).click()
  await page.getByLabel(/^Token/).fill('a.b.c')
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByRole('alert').waitFor()
  await page.getByRole('button', { name: 'Log in with a password' }).click()
  await logIn(page, 'boss', 'secret')
  await whenLive(page)
})
