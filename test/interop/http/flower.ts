import { join } from 'node:path'
import { findPython, type Preparation } from '../languages.ts'

/** Python with Flower and what it needs. */
export function prepareFlower(): Promise<Preparation> {
  return findPython(join(import.meta.dirname, 'requirements.txt'))
}
