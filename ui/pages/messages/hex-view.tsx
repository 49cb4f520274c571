// A payload as bytes: where they are, what they are, and as characters.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { VirtualLines } from './virtual-lines.tsx'

export function HexView({ bytes }: { readonly bytes: Uint8Array }): JSX.Element {
  const [columns, setColumns] = useState(80)
  const width = columns >= 77 ? 16 : 8
  return (
    <VirtualLines
      label="Payload as bytes"
      count={Math.ceil(bytes.length / width)}
      onColumns={setColumns}
      render={(index) => (
        <div key={index} class="line">
          {hexLine(bytes, index * width, width)}
        </div>
      )}
    />
  )
}

/** `00000010  68 65 6c 6c 6f …  hello`. */
export function hexLine(bytes: Uint8Array, from: number, width: number): string {
  const piece = bytes.subarray(from, from + width)
  const hex = Array.from(piece, (byte, at) => {
    const digits = byte.toString(16).padStart(2, '0')
    return at === 7 && width > 8 ? `${digits} ` : digits
  })
  const shown = hex.join(' ').padEnd(width * 3 + (width > 8 ? 1 : 0))
  const characters = Array.from(piece, (byte) => {
    return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·'
  })
  return `${from.toString(16).padStart(8, '0')}  ${shown} ${characters.join('')}`
}
