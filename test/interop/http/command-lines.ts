// Command lines of others' tools against a broker, each with what it has to print.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { within } from '../../support/wait-for.ts'

/** Words after the program's own, and what it prints; `refused` when it has to fail with that. */
export interface CommandLine {
  readonly args: readonly string[]
  readonly prints?: RegExp
  readonly refused?: RegExp
}

/** A line as in a shell; only `'…'` holds spaces together. */
export function line(words: string, expected: Omit<CommandLine, 'args'> = {}): CommandLine {
  const args = Array.from(words.matchAll(/(?:'[^']*'|[^\s'])+/g), ([word]) =>
    word.replaceAll("'", ''),
  )
  return { args, ...expected }
}

interface Outcome {
  readonly code: number
  readonly output: string
}

/** Runs lines one after the other. */
export type RunLines = (lines: readonly (readonly string[])[]) => Promise<Outcome[]>

/** Fails with all that are not as they should be. */
export async function checkLines(run: RunLines, lines: readonly CommandLine[]): Promise<void> {
  const outcomes = await run(lines.map(({ args }) => args))
  const problems = lines.flatMap(({ args, prints = /^/, refused }, index) => {
    const { code, output } = outcomes[index]!
    const isRight =
      refused === undefined ? code === 0 && prints.test(output) : code !== 0 && refused.test(output)
    return isRight ? [] : [`${args.join(' ')} → ${code}: ${output.slice(-1000)}`]
  })
  assert.deepEqual(problems, [])
}

/** Starts a program for each line, with `options` first. */
export function byProgram(command: string, options: readonly string[]): RunLines {
  return async (lines) => {
    const outcomes: Outcome[] = []
    for (const args of lines) outcomes.push(await run(command, [...options, ...args]))
    return outcomes
  }
}

/** Runs a script in one Python for all lines. */
export function byPython(script: string, options: readonly string[]): RunLines {
  const driver = join(import.meta.dirname, 'run_lines.py')
  return async (lines) => {
    const input = JSON.stringify(lines.map((args) => [...options, ...args]))
    const { code, output } = await run('python3', [driver, script], input)
    assert.equal(code, 0, output)
    return JSON.parse(output) as Outcome[]
  }
}

async function run(command: string, args: readonly string[], input = ''): Promise<Outcome> {
  const child = spawn(command, args, { stdio: 'pipe' })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  child.stdin.end(input)
  const [code, printed, told] = await within(
    `${command} ends`,
    Promise.all([ended, text(child.stdout), text(child.stderr)]),
    60_000,
  )
  return { code, output: printed + told }
}
