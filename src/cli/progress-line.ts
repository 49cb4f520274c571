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

/** `1 file`, `2 files` */
export function filesText(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`
}
