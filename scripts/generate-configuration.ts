// Writes docs/configuration.md's table from the settings table, or with --check fails when the page is
// not what would be written.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { settingDefault } from '../src/settings/setting-default.ts'
import { settingKeys, settingName, settings, variableName } from '../src/settings/settings.ts'

const page: string = path.join(import.meta.dirname, '..', 'docs', 'configuration.md')
const begin = '<!-- settings: written by npm run generate -->'
const end = '<!-- end of settings -->'

function describeSettings(): string {
  const rows = settingKeys.map((key) => {
    const { placeholder, description } = settings[key]
    const preset = settingDefault(key)
    const names = `\`--${settingName(key)} ${placeholder}\`<br>\`${variableName(key)}\``
    return `| ${names} | ${preset === undefined ? '' : `\`${preset}\``} | ${description}. |`
  })
  return ['| setting | default | what it does |', '|---|---|---|', ...rows].join('\n')
}

function rewrite(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} lacks the lines ${begin} and ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${describeSettings()}\n\n${text.slice(to)}`
}

const present: string = readFileSync(page, 'utf8')
const wanted: string = rewrite(present)
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (wanted !== present) {
  process.stderr.write('docs/configuration.md is not up to date: npm run generate\n')
  process.exitCode = 1
}
