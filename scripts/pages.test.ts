// What the pages say can be followed: their links lead somewhere, and the commands are commands.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readCommandLine } from '../src/cli/command-line.ts'
import { ExitError } from '../src/lib/exit-error.ts'
import { anchorsOf, commandsOf, linksOf, wordsOf } from './pages.ts'
import { readPages } from './source-tree.ts'

const root: string = path.dirname(import.meta.dirname)
const pages = readPages()

/** Why a link leads nowhere; undefined for one that leads to a file and, if it says so, to a heading. */
function whyDead(page: string, link: string): string | undefined {
  const [target = '', anchor] = link.split('#')
  const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target)
  if (!existsSync(path.join(root, file))) return `there is no ${file}`
  if (anchor === undefined) return undefined
  const anchors = anchorsOf(readFileSync(path.join(root, file), 'utf8'))
  return anchors.includes(anchor) ? undefined : `${file} has no heading for #${anchor}`
}

/** Why the program does not take a command; undefined when it does. */
async function whyRefused(command: string): Promise<string | undefined> {
  try {
    // Help of a command that is there needs nothing else, and would be printed.
    const words = wordsOf(command).filter((word) => word !== '--help')
    await readCommandLine(words.map((word) => (/^(?:N|VALUE)$/.test(word) ? '1' : word)))
    return undefined
  } catch (error) {
    if (!(error instanceof ExitError)) throw error
    // A page may speak of a command without all that it needs, or of a group of them.
    const isPart = /missing required argument|needs|where is/.test(error.message)
    const isGroup = /is followed by/.test(error.message) && !command.includes(' ')
    return isPart || isGroup ? undefined : error.message
  }
}

test('links lead to files and headings that are there', () => {
  const links = pages.flatMap(({ path: page, text }) =>
    linksOf(text).map((link) => ({ page, link })),
  )
  assert.ok(links.length > 100, `${links.length} links`)
  const dead = links.flatMap(({ page, link }) => {
    const why = whyDead(page, link)
    return why === undefined ? [] : [`${page}: ${link}: ${why}`]
  })
  assert.deepEqual(dead, [])
})

test('commands of the program are those that it knows, with their flags', async () => {
  const commands = pages.flatMap(({ path: page, text }) =>
    commandsOf(text).map((command) => ({ page, command })),
  )
  assert.ok(commands.length > 80, `${commands.length} commands`)
  const refused: string[] = []
  for (const { page, command } of commands) {
    const why = await whyRefused(command)
    if (why !== undefined) refused.push(`${page}: ${command}: ${why}`)
  }
  assert.deepEqual(refused, [])
})

test('scripts of npm are in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  const named = pages.flatMap(({ path: page, text }) =>
    Array.from(text.matchAll(/npm run (?:--silent )?([a-z:]+)/g), ([, name = '']) => ({
      page,
      name,
    })),
  )
  assert.ok(named.length > 30, `${named.length} names`)
  assert.deepEqual(
    named.filter(({ name }) => !Object.hasOwn(scripts, name)),
    [],
  )
})

test('a dead link and a command that is none are found', async () => {
  assert.deepEqual(linksOf('[a](b.md#c), `[d](e)`, [f](https://g) and [h](#i)'), ['b.md#c', '#i'])
  assert.deepEqual(anchorsOf('# A `b`, c: d\n\n```\n# no\n```\n## A `b`, c: d'), [
    'a-b-c-d',
    'a-b-c-d-1',
  ])
  assert.equal(whyDead('docs/tls.md', 'permissions.md#limits'), undefined)
  assert.match(whyDead('docs/tls.md', 'permissions.md#none') ?? '', /no heading/)
  assert.match(whyDead('docs/tls.md', 'none.md') ?? '', /there is no docs\/none.md/)
  const text =
    'Say `pabal queue list` or `npm start -- verify`.\n\n```sh\nnpm start -- a \\\n  b\n```\n'
  assert.deepEqual(commandsOf(text), ['a b', 'queue list', 'verify'])
  assert.deepEqual(wordsOf(`policy set 'a b' '{"c":1}' --d`), [
    'policy',
    'set',
    'a b',
    '{"c":1}',
    '--d',
  ])
  assert.equal(await whyRefused('queue rewind'), undefined)
  assert.match((await whyRefused('queue rewound')) ?? '', /unknown command queue rewound/)
  assert.match((await whyRefused('quue list')) ?? '', /unknown command/)
  assert.match((await whyRefused('queue list --colour')) ?? '', /unknown option/)
  assert.match((await whyRefused('--amqp-prot 1')) ?? '', /unknown option/)
})
