// Writes docs/command-line.md's list of commands from the command tree, or with --check fails when the page
// is not what would be written.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { wholeProgram } from '../src/cli/command-line.ts'
import {
  allNodes,
  type CommandNode,
  type OptionNode,
  commandTree,
} from '../src/cli/command-tree.ts'

const page: string = path.join(import.meta.dirname, '..', 'docs', 'command-line.md')
const begin = '<!-- commands: written by npm run generate -->'
const end = '<!-- end of commands -->'

/** Of each command a heading, and a row for each word that follows it. */
function describeCommands(root: CommandNode): string {
  // Settings of the broker have a page of their own.
  const commands = root.children.filter(({ path: [name] }) => name !== 'start')
  return commands.map(describeCommand).join('\n\n')
}

function describeCommand(command: CommandNode): string {
  const { summary, children } = command
  const title = `### ${command.path.join(' ')}\n\n${summary}.`
  const own = children.length === 0 ? [command] : children.flatMap(allNodes)
  const rows = own.filter((node) => node.children.length === 0).map(describeRow)
  return `${title}\n\n| command | what it does |\n|---|---|\n${rows.join('\n')}`
}

function describeRow({ path: words, aliases, operands, summary, options }: CommandNode): string {
  const given = operands === '' ? '' : ` \`${cell(operands)}\``
  const others = aliases.map((alias) => `\`${alias}\``).join(', ')
  const also = others === '' ? '' : ` (also ${others})`
  const parts = options
    .filter(({ group, long }) => group === undefined && long !== '--help')
    .map((option) => `<br>\`${namesOf(option)}\` ${cell(option.summary)}`)
  return `| \`${['pabal', ...words].join(' ')}\`${given}${also} | ${cell(summary)}${parts.join('')} |`
}

function namesOf({ long, short, value }: OptionNode): string {
  const names = short === undefined ? long : `${short}, ${long}`
  return value === undefined ? names : `${names} ${value}`
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}

function rewrite(text: string, commands: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} lacks the lines ${begin} and ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${commands}\n\n${text.slice(to)}`
}

const present: string = readFileSync(page, 'utf8')
const wanted: string = rewrite(present, describeCommands(commandTree(await wholeProgram())))
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (wanted !== present) {
  process.stderr.write('docs/command-line.md is not up to date: npm run generate\n')
  process.exitCode = 1
}
