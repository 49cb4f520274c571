// Labels of samples. Any name may be in them: quotes, line feeds and backslashes are escaped, and what of a
// name is no UTF-8 (`nameFromBytes`) is shown as `\xNN`, because a label is UTF-8.

/** `name="value"` for each, as a sample has it between braces. */
export function labelsOf(labels: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name of Object.keys(labels)) {
    if (text !== '') text += ','
    text += `${name}="${escapeLabel(labels[name]!)}"`
  }
  return text
}

/** What stands between the quotes of a label with this value. */
export function escapeLabel(value: string): string {
  const text = value.isWellFormed() ? value : showBytes(value)
  return special.test(text) ? text.replaceAll(/[\\"\n]/g, escapeCharacter) : text
}

const special = /[\\"\n]/

function escapeCharacter(character: string): string {
  return character === '\n' ? String.raw`\n` : `\\${character}`
}

/** Only halves of surrogate pairs match by themselves. */
function showBytes(value: string): string {
  return value.replaceAll(/[\ud800-\udfff]/gu, (half) => {
    const unit = half.charCodeAt(0)
    const isByte = unit >= 0xdc80 && unit <= 0xdcff
    return isByte ? `\\x${(unit - 0xdc00).toString(16)}` : `\\u${unit.toString(16)}`
  })
}
