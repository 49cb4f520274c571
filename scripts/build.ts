// Builds the published form: the JavaScript of src in dist, or in the folder that is named, and the UI in `ui`
// below it. What an earlier build left there goes first, or files that are no longer in src would be published.
//   npm run build
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const target = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
const ui = path.join(root, 'dist/ui')
for (const name of existsSync(target) ? readdirSync(target) : []) {
  const built = path.join(target, name)
  // Its own build knows whether it is as it should be.
  if (built !== ui) rmSync(built, { recursive: true, force: true })
}
const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
const project = ['-p', path.join(root, 'tsconfig.build.json'), '--outDir', target]
execFileSync(process.execPath, [compiler, ...project], { stdio: 'inherit' })
execFileSync(process.execPath, [path.join(root, 'scripts/build-ui.mjs')], { stdio: 'inherit' })
if (target !== path.dirname(ui)) cpSync(ui, path.join(target, 'ui'), { recursive: true })
