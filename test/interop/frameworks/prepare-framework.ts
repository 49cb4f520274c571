// Finds or builds what the frameworks' programs need: see ../languages.ts.

import { join } from 'node:path'
import { findPython, type Preparation } from '../languages.ts'

const here: string = import.meta.dirname

export async function prepareFrameworkInPython(file: string): Promise<Preparation> {
  const python = await findPython(join(here, 'python/requirements.txt'))
  if ('missing' in python) return python
  // report.py stands with the clients.
  const env = { PYTHONPATH: join(here, '../python') }
  return { ...python, args: [join(here, 'python', file)], env }
}
