// Styles stay with their page: once a page was open its styles are there for all others, so a class that two of them
// style looks another way on each according to which one was open before.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const ui = path.join(import.meta.dirname, '../ui')

/** Classes that a style sheet styles wherever they are. */
function classesOf(file: string): Set<string> {
  const text = readFileSync(path.join(ui, file), 'utf8').replaceAll(/\/\*.*?\*\//gs, '')
  const selectors = Array.from(text.matchAll(/([^{}@;]+)\{/g), ([, each = '']) => each.split(','))
  const alone = selectors.flat().map((selector) => /^\s*\.([\w-]+)\s*$/.exec(selector)?.[1])
  return new Set(alone.filter((name) => name !== undefined))
}

test('a class is styled by one folder', () => {
  const folders = new Map<string, Set<string>>()
  for (const file of globSync('{app,parts,style,pages/*}/**/*.css', { cwd: ui })) {
    for (const name of classesOf(file)) {
      folders.set(name, (folders.get(name) ?? new Set()).add(path.dirname(file)))
    }
  }
  assert.ok(folders.size > 100, `${folders.size} classes`)
  const shared = [...folders].filter(([, own]) => own.size > 1)
  assert.deepEqual(
    shared.map(([name, own]) => `.${name}: ${[...own].join(', ')}`),
    [],
  )
})
