import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const BUILD: string = join(import.meta.dirname, 'build')
/** Folder with what all programs use. */
const SHARED = 'load-common'
const FLAGS: readonly string[] = ['-std=gnu11', '-O2', '-Wall', '-Wextra']

export type Program = {
  /** Folder under bench/ with the C sources, and name of the executable. */
  readonly name: string
  /** What the linker needs: `-lrabbitmq`. */
  readonly libraries: readonly string[]
  /** Debian's packages that it needs, for the text of an error. */
  readonly packages: string
}

/** Compiles a C program of this folder, with what all use, if a source is newer than it, and returns its path. */
export function compileProgram({ name, libraries, packages }: Program): string {
  const program = join(BUILD, name)
  const sources = [name, SHARED].flatMap((folder) =>
    globSync(join(import.meta.dirname, folder, '*.[ch]')),
  )
  const builtAt = existsSync(program) ? statSync(program).mtimeMs : 0
  if (sources.every((source) => statSync(source).mtimeMs < builtAt)) return program
  mkdirSync(BUILD, { recursive: true })
  const files = sources.filter((source) => source.endsWith('.c'))
  const built = spawnSync('cc', [...FLAGS, '-o', program, ...files, ...libraries], {
    encoding: 'utf8',
  })
  if (built.error === undefined && built.status === 0) return program
  const isMissing = built.error !== undefined || /No such file|cannot find -l/.test(built.stderr)
  const hint = isMissing ? `\nOn Debian: apt-get install gcc libc6-dev ${packages}` : ''
  throw new Error(`bench/${name} does not compile:\n${built.error ?? built.stderr}${hint}`)
}
