// Archives of tar, as POSIX has them (ustar, IEEE Std 1003.1 pax): plain files with short names.
//
// Header of 512 bytes: 0 name │ 100 mode │ 108 user id │ 116 group id │ 124 size │ 136 time │ 148 checksum
//   156 type │ 257 'ustar' 0 '00' │ numbers are octal text; then the bytes, filled up to 512. Two blocks of
//   zeros are the end.
import { LogError } from '../log-error.ts'

export const tarBlockSize = 512
const sizeAt = 124
const timeAt = 136
const checksumAt = 148
const typeAt = 156
const magicAt = 257
const plainFile = 0x30
const nameSizeMax = 100
/** Eleven octal digits. */
const fileSizeMax = 0o77777777777

export interface TarHeader {
  readonly name: string
  readonly size: number
}

export interface TarMember extends TarHeader {
  /** Its bytes, which have to be taken before the next member is. */
  readonly pieces: AsyncIterable<Buffer>
}

/** What is written before the bytes of a file. `time`: milliseconds since 1970. */
export function encodeTarHeader({ name, size }: TarHeader, time: number): Buffer {
  if (name.length > nameSizeMax || size > fileSizeMax) {
    throw new RangeError(`${name} of ${size} bytes does not fit into a tar archive`)
  }
  const header = Buffer.alloc(tarBlockSize)
  header.write(name, 0, 'latin1')
  header.write('0000640\0', 100, 'latin1')
  header.write('0000000\0', 108, 'latin1')
  header.write('0000000\0', 116, 'latin1')
  header.write(octal(size), sizeAt, 'latin1')
  header.write(octal(Math.floor(time / 1000)), timeAt, 'latin1')
  header[typeAt] = plainFile
  header.write('ustar\x0000', magicAt, 'latin1')
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, checksumAt, 'latin1')
  return header
}

/** What is written behind the bytes of a file of `size`. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((tarBlockSize - (size % tarBlockSize)) % tarBlockSize)
}

/** What is written behind the last file. */
export const tarEnd: Buffer = Buffer.alloc(2 * tarBlockSize)

/**
 * The members of an archive, in order. Throws `LogError` 'corrupt', which says where, when a byte of what
 * is not the bytes of a member is not as `encodeTarHeader` and its like make it, or the end is missing.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const bytes = new ByteQueue(source)
  try {
    for (;;) {
      const at = bytes.position
      const block = await bytes.take(tarBlockSize, 'its end')
      if (block.every((byte) => byte === 0)) {
        await expectZeros(bytes, tarBlockSize, 'its end')
        return
      }
      const header = decodeHeader(block, at)
      let left = header.size
      yield { ...header, pieces: piecesOf() }
      if (left > 0) throw new Error(`${header.name} was not read to its end`)
      await expectZeros(bytes, tarPadding(header.size).length, header.name)

      async function* piecesOf(): AsyncGenerator<Buffer> {
        while (left > 0) {
          const piece = await bytes.takeSome(left, header.name)
          left -= piece.length
          yield piece
        }
      }
    }
  } finally {
    await bytes.close()
  }
}

async function expectZeros(bytes: ByteQueue, size: number, where: string): Promise<void> {
  const at = bytes.position
  const block = await bytes.take(size, where)
  if (block.some((byte) => byte !== 0)) throw damaged(`behind ${where}, at byte ${at}`)
}

function decodeHeader(block: Buffer, at: number): TarHeader {
  const stored = Number.parseInt(textAt(block, checksumAt, 8), 8)
  const isTar = block.toString('latin1', magicAt, magicAt + 5) === 'ustar'
  if (!isTar || stored !== checksumOf(block)) {
    throw at === 0
      ? new LogError('corrupt', 'this is no backup: there is no tar archive in it')
      : damaged(`in the header at byte ${at}`)
  }
  if (block[typeAt] !== plainFile) throw damaged(`in the header at byte ${at}, which is of no file`)
  return {
    name: textAt(block, 0, nameSizeMax),
    size: Number.parseInt(textAt(block, sizeAt, 12), 8),
  }
}

function damaged(where: string): LogError {
  return new LogError('corrupt', `the backup is damaged ${where}`)
}

function textAt(block: Buffer, start: number, size: number): string {
  const text = block.toString('latin1', start, start + size)
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}

/** The sum of all bytes, where those of the checksum itself count as spaces. */
function checksumOf(header: Buffer): number {
  let sum = 0
  for (const [at, byte] of header.entries()) {
    sum += at >= checksumAt && at < checksumAt + 8 ? 0x20 : byte
  }
  return sum
}

function octal(value: number): string {
  return `${value.toString(8).padStart(11, '0')}\0`
}

/** Takes pieces of a stream apart. */
class ByteQueue {
  position = 0
  readonly #source: AsyncIterator<Uint8Array>
  #piece: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Exactly `size` bytes. `where` says in what they are, for people. */
  async take(size: number, where: string): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = size; left > 0;) {
      const piece = await this.takeSome(left, where)
      left -= piece.length
      pieces.push(piece)
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  }

  /** At least one byte, at most `sizeMax`. */
  async takeSome(sizeMax: number, where: string): Promise<Buffer> {
    while (this.#piece.length === 0) {
      const next = await this.#source.next()
      if (next.done === true) throw this.#cutOff(where)
      this.#piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    const piece = this.#piece.subarray(0, sizeMax)
    this.#piece = this.#piece.subarray(piece.length)
    this.position += piece.length
    return piece
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }

  #cutOff(where: string): LogError {
    const what = `the backup is cut off after ${this.position} bytes, in ${where}`
    return new LogError('corrupt', `${what}: take another one`)
  }
}
