import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { compileProgram, type Program } from './compile-program.ts'

/** A load program's options by name, without the dashes. */
export type ProgramOptions = Readonly<Record<string, string | number>>

/** What a load program printed, and how it was called. */
export type ProgramReport = { readonly arguments: readonly string[] }

/** Runs a load program, compiled if need be; throws with its own words when it fails. */
export async function runProgram<Content extends object>(
  program: Program,
  mode: string,
  options: ProgramOptions,
): Promise<Content & ProgramReport> {
  const pairs = Object.entries(options)
  const args = [mode, ...pairs.flatMap(([name, value]) => [`--${name}`, String(value)])]
  try {
    const { stdout } = await promisify(execFile)(compileProgram(program), args)
    return { ...(JSON.parse(stdout) as Content), arguments: args }
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    const reason = stderr?.trim() || String(error)
    throw new Error(`${program.name} ${args.join(' ')}: ${reason}`, { cause: error })
  }
}
