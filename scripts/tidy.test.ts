// House rules that no compiler or linter knows: import directions, one door per effect, sizes and
// names. The rules themselves are data in tidy-rules.ts. A failure names file, line and rule.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOthers, readPages, readSources } from './source-tree.ts'
import type { SourceFile } from './source-tree.ts'
import * as rules from './tidy-rules.ts'

const sources: readonly SourceFile[] = readSources()
const pages: readonly SourceFile[] = readPages()
const everything: readonly SourceFile[] = [...sources, ...pages, ...readOthers()]

const isTest = (file: SourceFile): boolean => file.path.endsWith('.test.ts')
const isGenerated = (file: SourceFile): boolean => file.path.endsWith('.gen.ts')
/** What ships: `src` without tests and without the doubles that tests share. */
const isProduct = (path: string): boolean =>
  path.startsWith('src/') && !path.startsWith(rules.doublesFolder)
const product: readonly SourceFile[] = sources.filter(
  (file) => isProduct(file.path) && !isTest(file),
)

/** `src/log/file/disk.ts` → `log`; files directly in src → their own name. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? ''
}

function expectNone(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `\n${problems.join('\n')}`)
}

/** `path:line: rule` for every place that matches. */
function placesMatching(file: SourceFile, pattern: RegExp, rule: string): string[] {
  const matches = file.text.matchAll(new RegExp(pattern, 'g'))
  return Array.from(matches, ({ index }) => {
    const line = file.text.slice(0, index).split('\n').length
    return `${file.path}:${line}: ${rule}`
  })
}

function mayImport(from: string, target: string): boolean {
  const [source, wanted] = [folderOf(from), folderOf(target)]
  const allowed = rules.directions[source]
  if (allowed === undefined || wanted === 'limits') return true
  if (source === wanted) return sharesSubfolder(from, target)
  if (allowed.includes(wanted)) return true
  return rules.directionExceptions.some(
    ([folder, prefix]) => from.startsWith(`src/${folder}/`) && target.startsWith(prefix),
  )
}

function sharesSubfolder(from: string, target: string): boolean {
  if (!rules.separateSubfolders.includes(folderOf(from))) return true
  const [source, wanted] = [from.split('/'), target.split('/')]
  return wanted.length < 4 || source.length < 4 || source[2] === wanted[2]
}

/** Ways from a file through others back to itself. */
function cyclesOf(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return
    if (state.get(path) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      return
    }
    state.set(path, 'open')
    for (const target of byPath.get(path)?.imports ?? []) visit(target, [...trail, path])
    state.set(path, 'done')
  }
  for (const file of files) visit(file.path, [])
  return cycles
}

test('imports follow the directions table', () => {
  expectNone(
    product.flatMap((file) =>
      file.imports
        .filter((target) => target.startsWith('src/') && !mayImport(file.path, target))
        .map((target) => `${file.path}: may not import ${target}`),
    ),
  )
})

test('STYLE.md shows the directions table as it is', () => {
  const style = pages.find(({ path }) => path === 'STYLE.md')
  const shown = style?.text.matchAll(/^\| `([\w-]+)` \| .* \| (.+) \|$/gm) ?? []
  const rows = Array.from(shown, ([, folder = '', allowed = '']) => [
    folder,
    allowed === '–' ? [] : allowed.split(', '),
  ])
  const { limits: _, ...others } = rules.directions
  assert.deepEqual(Object.fromEntries(rows), others)
})

test('the product imports nothing but the product', () => {
  expectNone(
    product.flatMap((file) =>
      file.imports
        .filter((target) => !isProduct(target) && target !== 'package.json')
        .map((target) => `${file.path}: may not import ${target}`),
    ),
  )
})

test('every folder of src has a row in the directions table', () => {
  const folders = new Set(
    product.filter((file) => file.path.split('/').length > 2).map((file) => folderOf(file.path)),
  )
  expectNone(
    [...folders]
      .filter((folder) => rules.directions[folder] === undefined)
      .map((folder) => `src/${folder}: no row in scripts/tidy-rules.ts`),
  )
})

test('no file needs itself through others, not even their types', () => {
  expectNone(cyclesOf(product))
})

test('the UI knows of the broker only types, and what its API answers', () => {
  const imports = /import (?!type )[^'"]*['"](?:\.\.\/)+src\/[^'"]+['"]/
  expectNone(
    sources
      .filter((file) => file.path.startsWith('ui/') && !isTest(file))
      .flatMap((file) => placesMatching(file, imports, 'import types only from src')),
  )
})

test('every imported file exists', () => {
  const paths = new Set([...sources.map((file) => file.path), 'package.json'])
  expectNone(
    sources.flatMap((file) =>
      file.imports
        .filter((target) => /\.(?:ts|mjs)$/.test(target) && !paths.has(target))
        .map((target) => `${file.path}: imports ${target}, which does not exist`),
    ),
  )
})

test('every file is used by the product or is a program', () => {
  const scripts = everything.find((file) => file.path === 'package.json')?.text ?? ''
  const importers = sources.filter((file) => !isTest(file))
  const used = new Set(
    importers.flatMap((file) => file.imports.filter((target) => target !== file.path)),
  )
  const testUsed = new Set(sources.filter(isTest).flatMap((file) => file.imports))
  expectNone(
    sources
      .filter((file) => !isTest(file) && !file.path.startsWith('examples/'))
      // Types of a library that has none of its own.
      .filter((file) => !file.path.endsWith('.d.ts'))
      .filter((file) => !rules.entryFiles.includes(file.path) && !used.has(file.path))
      .filter((file) => isProduct(file.path) || !testUsed.has(file.path))
      .filter((file) => isProduct(file.path) || !isMentioned(file.path, scripts))
      .map((file) => `${file.path}: nobody imports it`),
  )
})

test('what a file of the product exports, the product uses', () => {
  const words = new Map(product.map((file) => [file, wordsOf(file.text)]))
  const isUsed = (name: string, by: SourceFile): boolean =>
    product.some((file) => file !== by && (words.get(file)?.get(name) ?? 0) > 0) ||
    (words.get(by)?.get(name) ?? 0) > 1
  expectNone(
    product
      .filter((file) => !isGenerated(file) && !rules.entryFiles.includes(file.path))
      .filter((file) => !rules.wholeFolders.some((folder) => isInside(file, folder)))
      .flatMap((file) =>
        exportsOf(file)
          .filter((name) => !rules.exportsForTests.includes(name) && !isUsed(name, file))
          .map((name) => `${file.path}: nobody but tests uses ${name}`),
      ),
  )
})

function exportsOf({ text }: SourceFile): string[] {
  const declared = /^export (?:async )?(?:const|class|interface|type|function\*?) (\w+)/gm
  return Array.from(text.matchAll(declared), (match) => match[1] ?? '')
}

/** How often each word stands in the code; comments do not count. */
function wordsOf(text: string): Map<string, number> {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  const counts = new Map<string, number>()
  for (const [word] of code.matchAll(/\w+/g)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** Programs are started from package.json, from a test or from another script by their file name. */
function isMentioned(path: string, scripts: string): boolean {
  const name = path.split('/').at(-1) ?? path
  const mentions = (file: SourceFile): boolean => file.path !== path && file.text.includes(name)
  return scripts.includes(path) || sources.some(mentions)
}

test('time, chance, disk, sockets and the process enter through their doors', () => {
  expectNone(
    rules.doors.flatMap(({ pattern, doors, instead }) =>
      product
        .filter((file) => !doors.some((door) => file.path === door || isInside(file, door)))
        .flatMap((file) => placesMatching(file, pattern, `use ${instead}`)),
    ),
  )
})

function isInside(file: SourceFile, folder: string): boolean {
  return folder.endsWith('/') && file.path.startsWith(folder)
}

test('no hand-written file is longer than one can hold in mind', () => {
  const lineCount = (file: SourceFile): number => file.text.split('\n').length - 1
  expectNone(
    sources
      .filter((file) => !isGenerated(file) && lineCount(file) > rules.fileLinesMax)
      .map((file) => `${file.path}: ${lineCount(file)} lines, at most ${rules.fileLinesMax}`),
  )
})

test('files have names that say what is inside', () => {
  const baseName = (file: SourceFile): string => file.path.split('/').at(-1)?.split('.')[0] ?? ''
  expectNone(
    sources
      .filter((file) => rules.emptyNames.includes(baseName(file)))
      .map((file) => `${file.path}: name it after what it holds`),
  )
})

test('what a file says about itself stands above its imports', () => {
  const importThenComment = /^(?:import\b[^'"]*['"][^'"]+['"]\n+)+(?:\/\/[^\n]*\n)+import\b/
  expectNone(
    sources
      .filter((file) => importThenComment.test(file.text))
      .map((file) => `${file.path}: put the opening comment first`),
  )
})

test('nothing unfinished is marked in the text', () => {
  const marks = new RegExp(
    `\\b(?:${['FIX', 'TO', 'XX'].map((a, i) => a + ['ME', 'DO', 'X'][i]).join('|')})\\b`,
  )
  expectNone(
    everything.flatMap((file) => placesMatching(file, marks, 'finish it or open an issue')),
  )
})

test('no path of one machine stands in the text', () => {
  const paths = /(?<![\w./-])\/(?:work|home|root|Users)\/[\w.]/
  expectNone(everything.flatMap((file) => placesMatching(file, paths, 'path of one machine')))
})

test('a Markdown page has one title', () => {
  const titles = (page: SourceFile): number =>
    page.text.replaceAll(/^```[\s\S]*?^```/gm, '').match(/^# /gm)?.length ?? 0
  expectNone(
    pages
      .filter((page) => titles(page) !== 1)
      .map((page) => `${page.path}: ${titles(page)} titles, want one`),
  )
})
