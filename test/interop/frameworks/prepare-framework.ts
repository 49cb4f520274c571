// Finds or builds what the frameworks' programs need: see ../languages.ts.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildJava, findPython, makeOnce, type Preparation } from '../languages.ts'
import { runDownload } from '../run-tool.ts'

const here: string = import.meta.dirname

export async function prepareFrameworkInPython(file: string): Promise<Preparation> {
  const python = await findPython(join(here, 'python/requirements.txt'))
  if ('missing' in python) return python
  // report.py stands with the clients.
  const env = { PYTHONPATH: join(here, '../python') }
  return { ...python, args: [join(here, 'python', file)], env }
}

const nodeLists: readonly string[] = ['package.json', 'package-lock.json']

/** The packages are many, so they are not among those of the project: node/load.ts finds them. */
export async function prepareFrameworkInNode(file: string): Promise<Preparation> {
  const lock = join(here, 'node/package-lock.json')
  const modules = await makeOnce('node', lock, async (folder) => {
    for (const list of nodeLists) copyFileSync(join(here, 'node', list), join(folder, list))
    await runDownload({
      what: 'installation of the Node frameworks',
      command: 'npm',
      args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
      folder,
    })
  })
  const args = [join(here, 'node', file)]
  return { command: process.execPath, args, env: { INTEROP_MODULES: modules } }
}

/** All programs in Java are built at once, with Maven. */
export function prepareFrameworkInJava(program: string): Promise<Preparation> {
  return buildJava(program, join(here, 'java'))
}
