// The documentation as pages: all that is linked to is there, and nothing needs what the broker's policy refuses.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'

let site: string
let pages: readonly { readonly name: string; readonly html: string }[]
before(() => {
  site = mkdtempSync(path.join(tmpdir(), 'pabal-docs-'))
  execFileSync(process.execPath, [path.join(import.meta.dirname, 'build-docs.ts'), site])
  pages = globSync('**/*.html', { cwd: site }).map((name) => ({
    name,
    html: readFileSync(path.join(site, name), 'utf8'),
  }))
})
after(() => rmSync(site, { recursive: true }))

const idsOf = (html: string): Set<string> =>
  new Set(Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id = '']) => id))

test('each page of docs is built, and its links lead to pages and headings that are there', () => {
  assert.ok(pages.length > 100, `${pages.length} pages`)
  const ids = new Map(pages.map(({ name, html }) => [name, idsOf(html)]))
  const dead: string[] = []
  for (const { name, html } of pages) {
    for (const [, link = ''] of html.matchAll(/(?:href|src)="([^"]*)"/g)) {
      if (/^(?:[a-z]+:|\/)/.test(link)) continue
      const [target = '', anchor] = link.split('#')
      const place = target === '' ? name : path.posix.join(path.posix.dirname(name), target)
      const isThere = existsSync(path.join(site, place))
      if (!isThere || (anchor !== undefined && ids.get(place)?.has(anchor) !== true)) {
        dead.push(`${name}: ${link}`)
      }
    }
  }
  assert.deepEqual(dead, [])
})

test('no page has a script or a style of its own, or loads anything from elsewhere', () => {
  const bad = pages.filter(({ html }) => {
    const scripts = html.match(/<script(?![^>]* src="[^"]+")/)
    return scripts !== null || /<style|style="|(?:src|<link[^>]*href)="(?:https?:)?\/\//.test(html)
  })
  assert.deepEqual(
    bad.map(({ name }) => name),
    [],
  )
})

test('headings have ids that are theirs alone, and each page has one title', () => {
  for (const { name, html } of pages) {
    const all = Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id]) => id)
    assert.equal(new Set(all).size, all.length, name)
    assert.equal(html.match(/<h1/g)?.length, 1, name)
  }
})

test('the search knows each page by its title', () => {
  const rows = JSON.parse(readFileSync(path.join(site, 'search.json'), 'utf8')) as readonly {
    readonly u: string
    readonly w: string
  }[]
  const titles = new Set(rows.map(({ u }) => u))
  assert.deepEqual(
    pages.filter(({ name }) => !titles.has(name)).map(({ name }) => name),
    [],
  )
  const lag = rows.find(({ u }) => u === 'lag.html')
  assert.match(lag?.w ?? '', /\bbehind\b/)
})
