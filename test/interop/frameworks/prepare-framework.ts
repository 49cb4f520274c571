// Finds or builds what the frameworks' programs need: see ../languages.ts.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildJava, findPython, has, makeOnce, type Preparation } from '../languages.ts'
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

/** From Debian's packages, as Composer would fetch it from places that not every machine reaches. */
export async function findSymfony(file: string): Promise<Preparation> {
  if (!has('php', '--version')) return { missing: 'PHP (Debian package php-cli)' }
  const bridge = 'Symfony/Component/Messenger/Bridge/Amqp/autoload.php'
  if (!has('php', '-r', `exit(extension_loaded("amqp") && @include_once "${bridge}" ? 0 : 1);`))
    return { missing: 'Debian packages php-amqp and php-symfony-amqp-messenger' }
  return { command: 'php', args: [join(here, 'php', file)] }
}
