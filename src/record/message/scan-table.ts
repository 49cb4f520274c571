// Walks the bytes of field tables that have been validated, from value to value, without looking into
// nested ones.
import * as tag from './field-tag.ts'
import { readUInt32 } from './message-record.ts'
import { fixedSizes } from './read-field-table.ts'

const lengthSize = 4

/** Where the value ends whose tag is at `at`. */
export function endOfValue(buffer: Buffer, at: number): number {
  switch (buffer[at]) {
    case tag.TAG_LONGSTR:
    case tag.TAG_BINARY:
    case tag.TAG_TABLE:
    case tag.TAG_ARRAY:
      return startOfContent(at) + readUInt32(buffer, at + 1)
    default:
      return at + 1 + (fixedSizes.get(buffer[at]!) ?? 0)
  }
}

/** Where the bytes begin of a string, table or array whose tag is at `at`. */
export function startOfContent(at: number): number {
  return at + 1 + lengthSize
}

/** Where the value of the table entry is that starts, with its name, at `at`. */
export function valueOfEntry(buffer: Buffer, at: number): number {
  return at + 1 + buffer[at]!
}

/** Whether the name of the entry at `at` is `text`, or starts with it; `text` must be ASCII. */
export function isNameAt(buffer: Buffer, at: number, text: string): boolean {
  return buffer[at] === text.length && startsWith(buffer, at + 1, text)
}

export function hasNamePrefix(buffer: Buffer, at: number, prefix: string): boolean {
  return buffer[at]! >= prefix.length && startsWith(buffer, at + 1, prefix)
}

/** Whether the value whose tag is at `at` is a string of these characters. */
export function isTextAt(buffer: Buffer, at: number, text: string): boolean {
  if (buffer[at] !== tag.TAG_LONGSTR) return false
  const start = startOfContent(at)
  const end = start + readUInt32(buffer, at + 1)
  if (end - start === text.length && startsWith(buffer, start, text)) return true
  // As many bytes as characters: the text is not this one, or it is not ASCII.
  return end - start > text.length && buffer.toString('utf8', start, end) === text
}

/** Whether these characters, all of ASCII, are at `at`. */
function startsWith(buffer: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (buffer[at + index] !== text.charCodeAt(index)) return false
  }
  return true
}
