// The project's own files, read once, for the tidy test.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

const root: string = path.dirname(import.meta.dirname)

/** One file of the project. */
export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
  /** Paths of the project's files that it imports, be it only types of them. */
  readonly imports: readonly string[]
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:[^'"`;]*?\bfrom\s+)?['"](\.[^'"\n]+)['"]|import\(\s*['"](\.[^'"\n]+)['"]|new URL\(\s*['"](\.[^'"\n]+)['"]/g

function importsOf(file: string, text: string): string[] {
  return Array.from(text.matchAll(importPattern), (match) =>
    path.posix.join(path.posix.dirname(file), match[1] ?? match[2] ?? match[3] ?? ''),
  )
}

function readFiles(patterns: string[]): SourceFile[] {
  return globSync(patterns, { cwd: root })
    .map((file) => file.split(path.sep).join('/'))
    .toSorted()
    .map((file) => {
      const text = readFileSync(path.join(root, file), 'utf8')
      return { path: file, text, imports: importsOf(file, text) }
    })
}

/** Every TypeScript and JavaScript file that people or generators write. */
export function readSources(): SourceFile[] {
  return readFiles(['{src,ui,test,bench,scripts,examples}/**/*.{ts,tsx,mjs,js}'])
}

/** Every Markdown page. */
export function readPages(): SourceFile[] {
  return readFiles(['*.md', '{docs,src,bench,examples}/**/*.md'])
}

/** Other text that ships: settings, scripts, programs in other languages. */
export function readOthers(): SourceFile[] {
  return readFiles(['*.{json,yaml}', '.ci/run', '{bench,examples,test}/**/*.{py,c,h,sh,json}'])
}
