// Writes docs/performance.md from bench/results, or with --check fails when the page is not what would
// be written. Without results there is no page.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ClusterTable } from '../bench/cluster/cluster-table.ts'
import { performancePage } from '../bench/report/performance-page.ts'
import { readResultFile } from '../bench/report/result-file.ts'

const root: string = path.dirname(import.meta.dirname)
const page: string = path.join(root, 'docs', 'performance.md')
const files: string[] = globSync(path.join(root, 'bench', 'results', '*.json')).sort()
const clusterFiles: string[] = globSync(
  path.join(root, 'bench', 'results', 'cluster', '*.json'),
).sort()

if (files.length > 0) {
  const clusters = clusterFiles.map(
    (file) => JSON.parse(readFileSync(file, 'utf8')) as ClusterTable,
  )
  const wanted = performancePage(files.map(readResultFile), clusters)
  const present = existsSync(page) ? readFileSync(page, 'utf8') : ''
  if (!process.argv.includes('--check')) writeFileSync(page, wanted)
  else if (wanted !== present) {
    process.stderr.write('docs/performance.md is not up to date: npm run generate\n')
    process.exitCode = 1
  }
}
