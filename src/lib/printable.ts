import { escapeDeceiving } from './escape-deceiving.ts'

/**
 * A line for a terminal. Names may hold anything, also what a terminal takes for a command or for the end
 * of the line: such characters are written as JSON writes them (`\n`, `\u001b`). JSON stays the same JSON.
 */
export function printable(line: string): string {
  // oxlint-disable-next-line no-control-regex
  const visible = line.replace(/[\0-\x1f\x7f]/g, escapeControl)
  return escapeDeceiving(visible)
}

function escapeControl(control: string): string {
  // JSON does not escape it.
  return control === '\x7f' ? String.raw`\u007f` : JSON.stringify(control).slice(1, -1)
}
