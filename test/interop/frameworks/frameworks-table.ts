// The tables of docs/compatibility.md with a row for each framework, one for each protocol.

import { join } from 'node:path'
import { row, sign, type ResultsByName, type ResultsTable } from '../results.ts'
import type { Framework } from './framework.ts'
import { frameworks } from './frameworks.ts'

/** Results of frameworks.test.ts. */
export const frameworksTable: ResultsTable = {
  file: join(import.meta.dirname, 'results.json'),
  mark: 'frameworks',
  names: frameworks.map(({ name }) => name),
  render,
}

function render(results: ResultsByName): string {
  const amqp = frameworks.filter(({ protocol }) => protocol === 'amqp')
  const kafka = frameworks.filter(({ protocol }) => protocol === 'kafka')
  return [
    renderTable(amqp, results, 'framework'),
    '',
    '### Programs for Kafka',
    '',
    renderTable(kafka, results, 'program'),
  ].join('\n')
}

function renderTable(
  programs: readonly Framework[],
  results: ResultsByName,
  title: string,
): string {
  const shown = programs.filter(({ name }) => results[name])
  const rows = shown.map(({ name, language, steps }) => {
    const seen = Object.keys(steps).map((step) => `${sign(results[name]?.steps[step])} ${step}`)
    return row([`${name} ${results[name]?.version}<br>${language}`, seen.join('<br>')])
  })
  const reasons = shown.flatMap(({ name, lacking }) =>
    Object.entries(lacking).map(([step, reason]) => `- ${name}: ${step}: ${reason}`),
  )
  return [row([title, 'steps']), row(['---', '---']), ...rows]
    .concat(reasons.length > 0 ? ['', 'What is missing where ✗ stands:', '', ...reasons] : [])
    .join('\n')
}
