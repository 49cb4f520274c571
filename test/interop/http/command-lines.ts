// Command lines of others' tools against a broker, each with what it has to print.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
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

/** How a tool is started, its own options among the words. */
export interface Tool {
  readonly command: string
  readonly args: readonly string[]
}

/** Runs each line in turn and fails with all that are not as they should be. */
export async function checkLines(tool: Tool, lines: readonly CommandLine[]): Promise<void> {
  const problems: string[] = []
  for (const { args, prints = /^/, refused } of lines) {
    const { code, output } = await run({ ...tool, args: [...tool.args, ...args] })
    const isRight =
      refused === undefined ? code === 0 && prints.test(output) : code !== 0 && refused.test(output)
    if (!isRight) problems.push(`${args.join(' ')} → ${code}: ${output.slice(-1000)}`)
  }
  assert.deepEqual(problems, [])
}

async function run({ command, args }: Tool): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  const [code, printed, told] = await within(
    `${args.join(' ')} ends`,
    Promise.all([ended, text(child.stdout), text(child.stderr)]),
    30_000,
  )
  return { code, output: printed + told }
}
