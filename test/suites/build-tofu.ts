// Builds OpenTofu, the free Terraform, from its module: node build-tofu.ts FILE

import { execFileSync } from 'node:child_process'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('which file is it to be?')
const version = 'github.com/opentofu/opentofu@v1.10.10'
const module = JSON.parse(go('mod', 'download', '-json', version)) as { readonly Dir: string }
// There its own go.mod holds, with what it replaces.
go('-C', module.Dir, 'build', '-p', '2', '-o', file, './cmd/tofu')

function go(...args: readonly string[]): string {
  return execFileSync('go', args, { encoding: 'utf8' })
}
