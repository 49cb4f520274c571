// Runs commands as somebody would who has this Node and nothing of this repository.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'

const repository: string = path.join(import.meta.dirname, '../..')

/** What `npm test` sets for this repository only; the machine's own way to a registry stays. */
const ownVariables =
  /^(?:PABAL_.*|NODE_(?:COMPILE_CACHE|OPTIONS|TEST_CONTEXT)|npm_(?:package|lifecycle)_.*)$/

/** The environment without the repository's settings and tools. */
export function strangerEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !ownVariables.test(name))
  const own = path.join(repository, 'node_modules')
  const folders = (process.env['PATH'] ?? '').split(':').filter((each) => !each.startsWith(own))
  const PATH = [path.dirname(process.execPath), ...folders].join(':')
  return { ...(Object.fromEntries(kept) as Record<string, string>), PATH }
}

/** What the command prints. Rejects when it fails, with `code` and `stderr`. */
export async function runAsStranger(
  command: string,
  args: readonly string[],
  folder: string,
): Promise<string> {
  const options = { cwd: folder, env: strangerEnvironment() }
  const { stdout } = await promisify(execFile)(command, args, options)
  return stdout
}
