// The programs themselves, with a choice of protocol and language, and whether their message has arrived.
import type { JSX } from 'preact'
import type { HomeJson } from '../../../src/admin/v1/home/home-json.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { setParams, useParam } from '../../lib/router.ts'
import { Chip } from '../../parts/chips.tsx'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Num } from '../../parts/values.tsx'
import { codeFor, type ProtocolSteps, protocolSteps, type Snippet } from './snippets.ts'
import './first-steps.css'

interface WhoAmI {
  readonly name: string
}

export function FirstSteps(): JSX.Element {
  const { data: home } = useLive<HomeJson>('/v1/home')
  const user = useLive<WhoAmI>('/whoami').data?.name ?? 'guest'
  const [protocol] = useParam('protocol')
  const [language] = useParam('language')
  const steps = protocolSteps.find((each) => each.protocol === protocol) ?? protocolSteps[0]!
  const snippet = steps.snippets.find((each) => each.language === language) ?? steps.snippets[0]!
  const place = { home, host: location.hostname, user }
  return (
    <div class="first-steps">
      <Choices steps={steps} snippet={snippet} />
      <p class="first-steps-says">{steps.says}</p>
      <CodeBlock label={`${snippet.label}, ${snippet.file}`} code={codeFor(snippet.file, place)} />
      <p class="first-steps-run">
        <span class="soft">
          save it as <code>{snippet.file}</code>, then
        </span>{' '}
        <code>{snippet.run}</code>
      </p>
      <Arrived stream={steps.stream} />
    </div>
  )
}

function Choices({
  steps,
  snippet,
}: {
  readonly steps: ProtocolSteps
  readonly snippet: Snippet
}): JSX.Element {
  return (
    <div class="first-steps-choices">
      <span class="first-steps-group" role="group" aria-label="Protocol">
        {protocolSteps.map(({ protocol, label }) => (
          <Chip
            key={protocol}
            isOn={protocol === steps.protocol}
            onClick={() => setParams({ protocol })}
          >
            {label}
          </Chip>
        ))}
      </span>
      {steps.snippets.length > 1 && (
        <span class="first-steps-group" role="group" aria-label="Language">
          {steps.snippets.map(({ language, label }) => (
            <Chip
              key={language}
              isOn={language === snippet.language}
              onClick={() => setParams({ language })}
            >
              {label}
            </Chip>
          ))}
        </span>
      )}
    </div>
  )
}

interface StreamCounts {
  readonly published: number
  readonly messages: number
}

/** Says so as soon as a message is there: one sees that it worked. */
function Arrived({ stream }: { readonly stream: string }): JSX.Element {
  const { data } = useLive<StreamCounts>(apiPath`/v1/streams/${'/'}/${stream}`)
  const name = <code>{stream}</code>
  if (data === undefined) {
    return (
      <p class="first-steps-arrived soft" role="status">
        <span class="first-steps-mark" aria-hidden="true" />
        Waiting for the first message in {name}
      </p>
    )
  }
  return (
    <p class="first-steps-arrived" role="status">
      <span class="first-steps-mark first-steps-there" aria-hidden="true" />
      <span>
        {name} is there: <Num value={data.published} /> sent since the start,{' '}
        <Num value={data.messages} /> in it.
      </span>
      <a href={`/stream/messages?vhost=/&name=${stream}`}>Look at its messages</a>
    </p>
  )
}
