// Bodies of messages: the id, and bytes that follow from it, so that whoever reads one knows whether it is whole.

const largeSize = 150_000

/** Most are small; some are so large that they go their own way through the log. */
function sizeOf(seq: number): number {
  if (seq % 97 === 96) return largeSize
  return seq % 7 === 6 ? 4000 : 20 + (seq % 50)
}

export function bodyOf(from: string, seq: number): Buffer {
  const id = `${from}:${seq}`
  return Buffer.from(id.padEnd(sizeOf(seq), `|${id}`))
}

/** Undefined for bytes that nobody has sent. */
export function idOf(body: Buffer): string | undefined {
  const [id = ''] = body.subarray(0, 40).toString('latin1').split('|', 1)
  const [from = '', seq = ''] = id.split(':')
  const isWhole = /^\d+$/.test(seq) && bodyOf(from, Number(seq)).equals(body)
  return isWhole ? id : undefined
}
