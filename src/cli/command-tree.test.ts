// Of every command there is: its help can be read, and the page of commands has it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mock, test } from 'node:test'
import { readCommandLine, wholeProgram } from './command-line.ts'
import { allNodes, commandTree } from './command-tree.ts'

const widthMax = 100
const nodes = allNodes(commandTree(await wholeProgram()))
const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')

async function printedBy(argv: readonly string[]): Promise<string[]> {
  let text = ''
  const write = mock.method(process.stdout, 'write', (part: string) => {
    text += part
    return true
  })
  try {
    const { command } = await readCommandLine(argv)
    assert.equal(command, 'nothing')
  } finally {
    write.mock.restore()
  }
  return text.split('\n')
}

for (const { path, summary, children, options } of nodes) {
  const name = ['pabal', ...path].join(' ')
  test(`'${name} --help' is short lines that say what it does`, async () => {
    const lines = await printedBy([...path, '--help'])
    assert.deepEqual(
      lines.filter((line) => line.length > widthMax),
      [],
    )
    assert.ok(lines[0]?.startsWith(`Usage: ${name}`), lines[0])
    const text = lines.join(' ').replaceAll(/\s+/g, ' ')
    assert.ok(summary !== '' && text.includes(summary), summary)
    for (const child of children) assert.ok(text.includes(` ${child.path.at(-1)}`), child.summary)
    for (const { long, summary: what } of options) assert.ok(what !== '', `${long} says nothing`)
  })
}

test('help before a command is --help after it', async () => {
  for (const { path } of nodes) {
    assert.deepEqual(await printedBy(['help', ...path]), await printedBy([...path, '--help']))
  }
})

test('every command stands in docs/command-line.md', () => {
  assert.ok(nodes.length > 30, `${nodes.length} commands`)
  const missing = nodes.filter(
    ({ path, children }) =>
      children.length === 0 && path[0] !== 'start' && !page.includes(`\`pabal ${path.join(' ')}`),
  )
  assert.deepEqual(
    missing.map(({ path }) => path.join(' ')),
    [],
  )
})
