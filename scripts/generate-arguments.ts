// Writes the arguments of queues and exchanges into docs/compatibility.md, or with --check fails when the page is not
// what would be written.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describeArgumentRows } from '../test/support/argument-table.ts'
import { describeExchangeArgumentRows } from '../test/support/exchange-argument-table.ts'

const page: string = path.join(import.meta.dirname, '..', 'docs', 'compatibility.md')
const begin = '<!-- arguments: written by npm run generate -->'
const end = '<!-- end of arguments -->'

const present: string = readFileSync(page, 'utf8')
const [from, to]: [number, number] = [present.indexOf(begin), present.indexOf(end)]
if (from < 0 || to < from) throw new Error(`${page} lacks the lines ${begin} and ${end}`)
const head: string = present.slice(0, from + begin.length)
const tables: string = `${describeArgumentRows()}\n\n${describeExchangeArgumentRows()}`
const wanted = `${head}\n\n${tables}\n\n${present.slice(to)}`
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (wanted !== present) {
  process.stderr.write('docs/compatibility.md is not up to date: npm run generate\n')
  process.exitCode = 1
}
