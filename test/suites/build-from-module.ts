// Builds a program in Go from the module that its authors publish, in the module's own folder, where its
// go.mod holds with what it replaces: node build-from-module.ts MODULE@VERSION PACKAGE FILE [TAGS]

import { execFileSync } from 'node:child_process'

const [version, main, file, tags = ''] = process.argv.slice(2)
if (version === undefined || main === undefined || file === undefined)
  throw new Error('which module, which package, and which file is it to be?')
const module = JSON.parse(go('mod', 'download', '-json', version)) as { readonly Dir: string }
go('-C', module.Dir, 'build', '-p', '2', '-tags', tags, '-o', file, main)

function go(...args: readonly string[]): string {
  return execFileSync('go', args, { encoding: 'utf8' })
}
