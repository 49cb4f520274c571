// One line on stderr that says how far long work is, where a person looks.
import { systemClock } from '../lib/clock.ts'

const intervalMs = 200
const toStartOfLine = '\r'
const eraseLine = '\u001B[K'

/** Shows what `describe` says until it is disposed of; nothing unless stderr is a terminal. */
export function showProgress(describe: () => string): Disposable {
  if (!process.stderr.isTTY) return { [Symbol.dispose]: () => undefined }
  const write = (text: string): void => {
    process.stderr.write(`${toStartOfLine}${eraseLine}${text}`)
  }
  const timer = systemClock.every(intervalMs, () => write(describe()))
  return {
    [Symbol.dispose]: () => {
      timer.stop()
      write('')
    },
  }
}

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `1.5 MiB` */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `1 file`, `2 files` */
export function filesText(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`
}
