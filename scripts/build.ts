// Builds the published form: the JavaScript of src in dist, or in the folder that is named. What an
// earlier build left there goes first, or files that are no longer in src would be published.
//   npm run build
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const target = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
rmSync(target, { recursive: true, force: true })
const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
const project = ['-p', path.join(root, 'tsconfig.build.json'), '--outDir', target]
execFileSync(process.execPath, [compiler, ...project], { stdio: 'inherit' })
