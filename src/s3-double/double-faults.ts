// What the S3 double can do wrong. Each fault is one that a real store, a proxy before it or a network has shown.
import type { Random } from '../lib/random.ts'

export type DoubleOperation =
  | 'put'
  | 'begin'
  | 'part'
  | 'complete'
  | 'abandon'
  | 'get'
  | 'head'
  | 'list'
  | 'delete'

/**
 * - `error`: it is not done; the answer has this status and code, such as 503 SlowDown.
 * - `missing`: it is not done; the store says that there is no such key.
 * - `page`: it is not done; the answer is a page in HTML with status 404, of a proxy in between.
 * - `slow`: it is done after so long.
 * - `cut`: it is not done; the connection ends without an answer.
 * - `cut-after`: it is done; the connection ends without an answer.
 * - `no-answer`: it is done; nobody ever answers.
 * - `empty`: what is put is stored without its bytes, and the answer says that all is well.
 * - `truncated`: a body ends early, with its connection.
 * - `short`: a body is shorter than asked for, and says so as if that were right.
 * - `damaged`: a bit of the body is another one.
 */
export type DoubleFault =
  | { readonly kind: 'error'; readonly status: number; readonly code: string }
  | { readonly kind: 'slow'; readonly ms: number }
  | {
      readonly kind:
        | 'missing'
        | 'page'
        | 'cut'
        | 'cut-after'
        | 'no-answer'
        | 'empty'
        | 'truncated'
        | 'short'
        | 'damaged'
    }

/** Decides about each request; undefined: nothing special. */
export type DoubleHook = (operation: DoubleOperation, key: string) => DoubleFault | undefined

const kindsOf: Readonly<Record<string, readonly DoubleFault['kind'][]>> = {
  put: ['empty'],
  part: ['empty'],
  get: ['missing', 'page', 'truncated', 'short'],
  head: ['page'],
}

/** Faults that fit, for a share of all requests. Damaged bodies are left out: only a checksum of the whole finds them. */
export function seededFaults(random: Random, share: number): DoubleHook {
  return (operation) => {
    if (random.next() >= share) return undefined
    const always = ['error', 'slow', 'cut', 'cut-after', 'no-answer'] as const
    const kinds = [...always, ...(kindsOf[operation] ?? [])]
    const kind = kinds[random.below(kinds.length)]!
    if (kind === 'error') return { kind, status: 503, code: 'SlowDown' }
    if (kind === 'slow') return { kind, ms: random.below(50) }
    return { kind }
  }
}
