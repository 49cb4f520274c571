// How long a stream was and how fast it moved, in the last ten minutes.
import type { JSX } from 'preact'
import type {
  StreamHistoryJson,
  StreamShownJson,
} from '../../../src/admin/v1/stream-show-operations.ts'
import { count, rate } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { Chart, type Series } from '../../parts/chart.tsx'
import { Section } from '../../parts/page.tsx'
import { withGaps } from './with-gaps.ts'

type Sample = StreamHistoryJson['samples'][number]

/** Where nobody looked nothing is known. */
const unknown = { ready: null, unacked: null, in: null, out: null, ack: null }

type Point = Sample | (typeof unknown & Pick<Sample, 'time'>)

/** Half a message is none: an axis leaves it out. */
function wholeCount(value: number): string {
  return Number.isInteger(value) ? count(value) : ''
}

export function StreamCharts({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const path = apiPath`/v1/streams/${stream.vhost}/${stream.name}/history`
  const samples = useLive<StreamHistoryJson>(path).data?.samples ?? []
  const points: readonly Point[] = withGaps(samples, unknown)
  const times = points.map(({ time }) => time)
  const line = (label: string, of: (point: Point) => number | null, hue: Series['hue']): Series => {
    return { label, values: points.map(of), hue }
  }
  const rates = [
    line('in', (sample) => sample.in, 1),
    { ...line('out', (sample) => sample.out, 1), isDashed: true },
  ]
  if (stream.kind === 'queue') rates.push(line('acked', ({ ack }) => ack, 2))
  const depth = [line(stream.kind === 'queue' ? 'ready' : 'messages', ({ ready }) => ready, 1)]
  if (stream.kind === 'queue') depth.push(line('unacked', ({ unacked }) => unacked, 4))
  return (
    <Section
      title="The last ten minutes"
      actions={samples.length < 12 && <span class="soft">as far as somebody looked</span>}
    >
      <div class="stream-charts">
        <Chart label="Messages a second" times={times} series={rates} format={rate} />
        <Chart label="Messages in it" times={times} series={depth} format={wholeCount} />
      </div>
    </Section>
  )
}
