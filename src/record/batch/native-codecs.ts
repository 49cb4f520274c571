// LZ4 and Snappy, which Node lacks: native libraries, loaded when the first batch needs them. Most
// brokers only pass compressed batches through.
import { createRequire } from 'node:module'
import type * as Lz4 from 'lz4-napi'
import type * as Snappy from 'snappy'

const load = createRequire(import.meta.url)
let lz4: typeof Lz4 | undefined
let snappy: typeof Snappy | undefined

export function loadLz4(): typeof Lz4 {
  lz4 ??= load('lz4-napi') as typeof Lz4
  return lz4
}

export function loadSnappy(): typeof Snappy {
  snappy ??= load('snappy') as typeof Snappy
  return snappy
}
