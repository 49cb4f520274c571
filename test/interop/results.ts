// Results of the last run of each program of test/interop: a JSON file beside the tests, and a table
// in docs/compatibility.md that is written from it. Programs that did not run keep what they had, as
// not every machine has every language.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const page: string = join(import.meta.dirname, '../../docs/compatibility.md')

/** How a step went. */
export type Verdict = 'works' | 'fails'

/** What is known of one program. */
export interface ProgramResult {
  readonly version: string
  readonly steps: Record<string, Verdict>
}

/** By the program's name. */
export type ResultsByName = Readonly<Record<string, ProgramResult>>

/** Where results are kept and shown. */
export interface ResultsTable {
  /** The JSON file. */
  readonly file: string
  /** Word of the two comments of docs/compatibility.md that the text stands between. */
  readonly mark: string
  /** Names of all programs, in the order of the file. */
  readonly names: readonly string[]
  /** The text between the comments. */
  render(results: ResultsByName): string
}

/** Collects verdicts of one run. */
export class Results {
  readonly #table: ResultsTable
  readonly #run = new Map<string, ProgramResult>()

  constructor(table: ResultsTable) {
    this.#table = table
  }

  add(
    program: { readonly name: string; readonly version: string },
    step: string,
    verdict: Verdict,
  ): void {
    const known = this.#run.get(program.name) ?? { version: program.version, steps: {} }
    known.steps[step] = verdict
    this.#run.set(program.name, known)
  }

  /** Replaces the results of the programs that ran and writes the page. */
  write(): void {
    const results = this.#merge()
    writeFileSync(this.#table.file, print(results))
    writeFileSync(page, this.#rewrite(readFileSync(page, 'utf8'), results))
  }

  /** @throws AssertionError when write() would change what is committed. */
  compare(): void {
    const results = this.#merge()
    const advice = 'differs from what was seen; npm run test:interop renews it'
    const { file } = this.#table
    assert.equal(print(results), readFileSync(file, 'utf8'), `${file} ${advice}`)
    const text = readFileSync(page, 'utf8')
    assert.equal(this.#rewrite(text, results), text, `docs/compatibility.md ${advice}`)
  }

  /** What is known of all programs. */
  #merge(): ResultsByName {
    const before = JSON.parse(readFileSync(this.#table.file, 'utf8')) as ResultsByName
    const all = { ...before, ...Object.fromEntries(this.#run) }
    const inOrder = this.#table.names.flatMap((name) => (all[name] ? [[name, all[name]]] : []))
    return Object.fromEntries(inOrder) as ResultsByName
  }

  #rewrite(text: string, results: ResultsByName): string {
    return replaceBetween(text, this.#table.mark, this.#table.render(results))
  }
}

/**
 * The page with new text between the comments `<!-- mark: … -->` and `<!-- end of mark -->`.
 * @throws Error when the page lacks them.
 */
export function replaceBetween(text: string, mark: string, inside: string): string {
  const [begin, end] = [text.indexOf(`<!-- ${mark}: `), text.indexOf(`<!-- end of ${mark} -->`)]
  if (begin < 0 || end < begin) throw new Error(`${page} lacks the comments of ${mark}`)
  const from = text.indexOf('-->', begin) + '-->'.length
  return `${text.slice(0, from)}\n\n${inside}\n\n${text.slice(end)}`
}

/** One row of a Markdown table. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** The sign of a verdict; a dash where there is none. */
export function sign(verdict: Verdict | undefined): string {
  return verdict === undefined ? '–' : { works: '✓', fails: '✗' }[verdict]
}

function print(results: ResultsByName): string {
  return `${JSON.stringify(results, undefined, 2)}\n`
}
