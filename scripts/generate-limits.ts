// Writes docs/limits.md from src/limits, with the reasons that stand there, or with --check fails when the page is not
// what would be written.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root: string = path.join(import.meta.dirname, '..')
const page: string = path.join(root, 'docs', 'limits.md')

const head = `# Limits

<!-- Written by npm run generate from src/limits; edit those files. -->

Everything that clients can make the broker hold or do has a limit. Reaching one is backpressure (whoever sends waits) or a clear error, and never the end of the broker. These are fixed, each with its reason; the few that depend on your machine and programs are [settings](configuration.md), [policies](policies.md) and [limits of users and virtual hosts](permissions.md#limits). Sizes are bytes, times milliseconds unless a name says otherwise.
`

/** Limits of programs beside the broker, or of what nobody outside sees. */
const left = new Set([
  'units',
  'bench',
  'crash-test',
  'doctor',
  'top',
  'shims',
  'demo',
  'program',
  'cluster-dev',
])

interface Limit {
  readonly name: string
  readonly value: unknown
  readonly reason: string
}

async function describeArea(area: string): Promise<string> {
  const file = path.join(root, 'src/limits', `${area}.ts`)
  const text = readFileSync(file, 'utf8')
  const title = /^\/\/ (?:Limits of )?(.+?)\.?(?:\n|$)/.exec(text)?.[1] ?? area
  const module = (await import(file)) as Readonly<Record<string, unknown>>
  const groups = Object.values(module).filter((value) => typeof value === 'object')
  const values = Object.assign({}, ...groups) as Readonly<Record<string, unknown>>
  const rows = limitsIn(text, values).map(
    ({ name, value, reason }) => `| \`${name}\` | ${shown(name, value)} | ${cell(reason)} |`,
  )
  const heading = title.charAt(0).toUpperCase() + title.slice(1)
  return `## ${heading.replace(/[:;.].*$/, '')}\n\n| limit | value | why |\n|---|---|---|\n${rows.join('\n')}\n`
}

/** A remark may be for the limits below it, too, until the next one. */
function limitsIn(text: string, values: Readonly<Record<string, unknown>>): Limit[] {
  const found = text.matchAll(/\/\*\*([^]*?)\*\/|^ {2}(\w+):/gm)
  const limits: Limit[] = []
  let reason = ''
  for (const [, remark, name] of found) {
    if (remark !== undefined) reason = plain(remark)
    else if (name !== undefined && Object.hasOwn(values, name)) {
      limits.push({ name, value: values[name], reason })
      reason = ''
    }
  }
  return limits
}

function plain(remark: string): string {
  return remark
    .replace(/^\s*\* ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .trim()
}

function shown(name: string, value: unknown): string {
  if (typeof value !== 'number') return cell(JSON.stringify(value))
  const isSize = /size|bytes/i.test(name)
  for (const [unit, size] of units) {
    if (isSize && value >= size && value % size === 0) return `${value / size} ${unit}`
  }
  return value.toLocaleString('en-US')
}

const units = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}

const areas = globSync('*.ts', { cwd: path.join(root, 'src/limits') })
  .map((file) => path.basename(file, '.ts'))
  .filter((area) => !left.has(area))
  .toSorted()
const parts = await Promise.all(areas.map(describeArea))
const wanted = `${head}\n${parts.join('\n').trimEnd()}\n`
const present = existsSync(page) ? readFileSync(page, 'utf8') : ''
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (wanted !== present) {
  process.stderr.write('docs/limits.md is not up to date: npm run generate\n')
  process.exitCode = 1
}
