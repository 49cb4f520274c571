// Trace: follow a message from its publisher to its end, or find where it is now.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { TraceJson } from '../../../src/admin/v1/trace-json.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { refresh, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { place, setParams, useParam } from '../../lib/router.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { toast } from '../../parts/toast.tsx'
import {
  type ConditionKind,
  conditionKinds,
  type Conditions,
  filterFlags,
  filterOf,
} from './filter.ts'
import { useFindNow } from './find-now.ts'
import { Found } from './found.tsx'
import { TraceForm } from './trace-form.tsx'
import { TraceList } from './trace-list.tsx'
import { TraceView } from './trace-view.tsx'
import './trace.css'

export function TracePage(): JSX.Element {
  const [vhost = '/'] = useParam('vhost')
  const [id] = useParam('id')
  const [stream = ''] = useParam('in')
  const [secondsText = '600'] = useParam('seconds')
  const seconds = Math.min(3600, Math.max(1, Number(secondsText) || 600))
  const conditions = useConditions()
  const { filter, problem } = filterOf(conditions)
  const finding = useFindNow()
  const { isBusy, start } = useRun(toast)
  const traces = useLive<readonly TraceJson[]>('/v1/traces')
  useEffect(() => {
    // Somebody came from a message: it says which one, and asks where it is.
    if (filter !== undefined && id === undefined) finding.begin(vhost, filter)
  }, [])
  const body = { filter: filter ?? {}, seconds, ...(stream !== '' && { stream }) }
  const path = apiPath`/v1/traces/${vhost}`
  const begin = async (): Promise<void> => {
    const trace = await ask<TraceJson>('POST', path, body)
    setParams({ id: trace.id, message: undefined })
    refresh()
  }
  const flags = `${filterFlags(conditions)}${stream === '' ? '' : ` --in ${shellQuoted(stream)}`}`
  const shown = traces.data?.find((trace) => trace.id === id)
  const isAnswered = shown !== undefined || finding.state !== 'idle'
  return (
    <Page
      title="Trace"
      says={saysOf(traces.data)}
      command={
        <AsCommand
          cli={`pabal trace start${flags} --seconds ${seconds}${vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`}`}
          curl={curlOf('POST', path, body)}
        />
      }
    >
      <div class={isAnswered ? 'trace-columns trace-answered' : 'trace-columns'}>
        <div class="trace-side">
          <Section title="Which message">
            <TraceForm
              conditions={conditions}
              stream={stream}
              seconds={seconds}
              problem={problem}
              isBusy={isBusy}
              onFind={() => filter !== undefined && finding.begin(vhost, filter)}
              onBegin={() => start(begin)}
            />
          </Section>
          <TraceList traces={traces} openId={id} />
        </div>
        <div class="trace-main">
          <Found finding={finding} vhost={vhost} />
          {shown !== undefined && <TraceView key={shown.id} trace={shown} />}
          {!isAnswered && <Hint />}
        </div>
      </div>
    </Page>
  )
}

/** Those in the URL; a field that stands open and empty is one blank there. */
function useConditions(): Conditions {
  const { params } = place.value
  const conditions: Partial<Record<ConditionKind, string>> = {}
  for (const kind of conditionKinds) {
    const value = params.get(kind)
    if (value !== undefined) conditions[kind] = value.trim() === '' ? '' : value
  }
  return conditions
}

function saysOf(traces: readonly TraceJson[] | undefined): string | undefined {
  if (traces === undefined) return undefined
  const running = traces.filter(({ state }) => state === 'running')
  if (running.length === 0) return 'Where did a message go? Nothing is traced now.'
  const messages = running.reduce((sum, trace) => sum + trace.messages, 0)
  return `${counted(running.length, 'trace')} running, ${counted(messages, 'message')} seen`
}

function Hint(): JSX.Element {
  return (
    <div class="trace-hint">
      <h2>Two ways to one message</h2>
      <p>
        <b>Find it now</b> looks through all queues and topics for it: where it is, how often it
        died, which groups have read it.
      </p>
      <p>
        <b>Trace it from now on</b> notes each step of messages that fit, whoever publishes them:
        routed, delivered, acked, given back, expired, and how long each took. It ends by itself.
      </p>
    </div>
  )
}
