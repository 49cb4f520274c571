import { Help } from 'commander'

const indent = 2
const descriptionIndent = 6

/**
 * An entry of a help: its term and what it is, beside each other. Where that leaves commander no room to wrap
 * (long names of settings, 80 columns) it prints lines of any length; here the description goes below the term.
 */
export function helpItem(
  term: string,
  termWidth: number,
  description: string,
  helper: Help,
): string {
  const { helpWidth = 80, minWidthToWrap } = helper
  if (helpWidth - termWidth - 2 * indent >= minWidthToWrap || description === '') {
    return Help.prototype.formatItem.call(helper, term, termWidth, description, helper)
  }
  const below = ' '.repeat(descriptionIndent)
  const lines = helper.boxWrap(description, Math.max(1, helpWidth - descriptionIndent)).split('\n')
  return [`${' '.repeat(indent)}${term}`, ...lines.map((line) => `${below}${line}`)].join('\n')
}
