// Compression of the records of a batch. Whatever the bytes claim, no more than a given size is
// decompressed: 32 KiB of zstd can hold 1 GiB.
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { CodecError } from '../codec-error.ts'
import { isLz4FrameLarger } from './lz4-frame.ts'
import { loadLz4, loadSnappy } from './native-codecs.ts'
import { snappyCompress, snappyDecompress } from './snappy-stream.ts'

export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Index = id in a batch's attributes. */
export const compressionNames: readonly CompressionName[] = [
  'none',
  'gzip',
  'snappy',
  'lz4',
  'zstd',
]

/**
 * Decompresses to at most `sizeMax` bytes. Throws CodecError: `frame_error` when it would be more,
 * `syntax_error` for bytes that the codec does not understand. For `none` the result is `bytes`.
 */
export function decompress(name: CompressionName, bytes: Buffer, sizeMax: number): Buffer {
  // Outside of the try: a library that is missing is not the fault of the bytes.
  if (name === 'lz4') loadLz4()
  if (name === 'snappy') loadSnappy()
  try {
    return expectSize(decompressUnchecked(name, bytes, sizeMax), sizeMax)
  } catch (error) {
    if (error instanceof CodecError) throw error
    if (isOutputTooLarge(error)) throw tooLarge(sizeMax)
    throw new CodecError('syntax_error', `records are not ${name}: ${String(error)}`, 0)
  }
}

function decompressUnchecked(name: CompressionName, bytes: Buffer, sizeMax: number): Buffer {
  switch (name) {
    case 'none':
      return bytes
    case 'gzip':
      return gunzipSync(bytes, zlibOptions(sizeMax))
    case 'snappy':
      return snappyDecompress(bytes, sizeMax)
    case 'lz4':
      if (isLz4FrameLarger(bytes, sizeMax)) throw tooLarge(sizeMax)
      return loadLz4().decompressFrameSync(bytes)
    default:
      return zstdDecompressSync(bytes, zlibOptions(sizeMax))
  }
}

/** Node knows no limit of nothing. */
function zlibOptions(sizeMax: number): { readonly maxOutputLength: number } {
  return { maxOutputLength: Math.max(1, sizeMax) }
}

function expectSize(decompressed: Buffer, sizeMax: number): Buffer {
  if (decompressed.length > sizeMax) throw tooLarge(sizeMax)
  return decompressed
}

function tooLarge(sizeMax: number): CodecError {
  return new CodecError('frame_error', `records decompress to more than ${sizeMax} bytes`, 0)
}

function isOutputTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

export function compress(name: CompressionName, bytes: Buffer): Buffer {
  switch (name) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes)
    case 'snappy':
      return snappyCompress(bytes)
    case 'lz4':
      return loadLz4().compressFrameSync(bytes)
    default:
      return zstdCompressSync(bytes)
  }
}
