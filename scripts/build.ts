// Builds the published form: the JavaScript of src in dist, or in the folder that is named, and the UI and the
// documentation in `ui` and `docs` below it. What an earlier build left there goes first, or files that are no longer in src would be published.
//   npm run build
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const target = path.resolve(process.argv[2] ?? path.join(root, 'dist'))
/** Their own builds know whether they are as they should be. */
const pages = ['ui', 'docs'].map((name) => path.join(root, 'dist', name))
for (const name of existsSync(target) ? readdirSync(target) : []) {
  const built = path.join(target, name)
  if (!pages.includes(built)) rmSync(built, { recursive: true, force: true })
}
const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
const project = ['-p', path.join(root, 'tsconfig.build.json'), '--outDir', target]
execFileSync(process.execPath, [compiler, ...project], { stdio: 'inherit' })
for (const script of ['build-ui.mjs', 'build-docs.ts']) {
  execFileSync(process.execPath, [path.join(root, 'scripts', script)], { stdio: 'inherit' })
}
for (const built of pages) {
  const place = path.join(target, path.basename(built))
  if (place !== built) cpSync(built, place, { recursive: true })
}
