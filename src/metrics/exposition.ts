// Writes families as Prometheus reads them: in its text format 0.0.4, or in OpenMetrics 1.0 for those who ask
// for it. In parts, between which others have their turn: there may be a hundred thousand queues.
import type { Clock } from '../lib/clock.ts'
import { metricsLimits } from '../limits/metrics.ts'
import type { Family, Sample } from './family.ts'
import { formatValue } from './format-value.ts'

export type ExpositionFormat = 'text' | 'openmetrics'

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** The format that is asked for: OpenMetrics for those who name it before anything else or alone. */
export function formatFor(accept: string | undefined): ExpositionFormat {
  const asked = (accept ?? '').split(',').map(readRange)
  const quality = (type: string): number => Math.max(0, ...asked.map((range) => range(type)))
  const openMetrics = quality('application/openmetrics-text')
  return openMetrics > 0 && openMetrics >= quality('text/plain') ? 'openmetrics' : 'text'
}

/** Parts of some tens of kilobytes. */
export async function* expose(
  families: Iterable<Family>,
  format: ExpositionFormat,
  clock: Pick<Clock, 'atEndOfTurn'>,
): AsyncGenerator<string> {
  let part = ''
  let count = 0
  for (const family of families) {
    part += headOf(family, format)
    for (const sample of family.samples()) {
      part += lineOf(family, sample)
      if (++count % metricsLimits.samplesPerTurn !== 0) continue
      yield part
      part = ''
      await new Promise<void>((resolve) => clock.atEndOfTurn(resolve))
    }
  }
  yield format === 'openmetrics' ? `${part}# EOF\n` : part
}

function lineOf({ name }: Family, { suffix = '', labels = '', value }: Sample): string {
  const set = labels === '' ? '' : `{${labels}}`
  return `${name}${suffix}${set} ${formatValue(value)}\n`
}

/** OpenMetrics names a counter without what its sample ends in, and has another word for no type. */
function headOf({ name, type, help }: Family, format: ExpositionFormat): string {
  const isOpen = format === 'openmetrics'
  const family = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name
  const word = !isOpen && type === 'unknown' ? 'untyped' : type
  return `# HELP ${family} ${escapeHelp(help, isOpen)}\n# TYPE ${family} ${word}\n`
}

function escapeHelp(help: string, isOpen: boolean): string {
  const text = help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
  return isOpen ? text.replaceAll('"', String.raw`\"`) : text
}

/** Of one range of an Accept header (RFC 9110, 12.5.1): how much it wants a type that it names. */
function readRange(text: string): (type: string) => number {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
  const wanted = Number(quality)
  return (type) => (name === type && wanted > 0 ? wanted : 0)
}
