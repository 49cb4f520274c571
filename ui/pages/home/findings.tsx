// What is wrong, worst first: the first finding as the headline of the page, the others as rows, each with the
// next step.
import type { ComponentChildren, JSX } from 'preact'
import type { Finding } from '../../../src/admin/v1/home/finding.ts'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { Ago, CopyButton, Name } from '../../parts/values.tsx'
import { nextStep } from './next-step.ts'
import './findings.css'

const words: Readonly<Record<Finding['severity'], string>> = {
  bad: 'Trouble',
  look: 'Look soon',
  fine: 'Fine',
}

/** The worst of all, large. */
export function Headline({ finding }: { readonly finding: Finding }): JSX.Element {
  return (
    <span class={`headline headline-${finding.severity}`}>
      <Mark severity={finding.severity} />
      <span class="headline-text">
        <Sentence finding={finding} />
      </span>
      <Steps finding={finding} />
    </span>
  )
}

export function OtherFindings({
  findings,
}: {
  readonly findings: readonly Finding[]
}): JSX.Element {
  return (
    <ul class="findings" aria-label="What else to look at">
      {findings.map((finding) => (
        <li key={keyOf(finding)}>
          <Mark severity={finding.severity} />
          <span class="findings-text">
            <Sentence finding={finding} />
          </span>
          <span class="findings-since soft">
            {finding.since !== undefined && <Ago value={finding.since} />}
          </span>
          <Steps finding={finding} />
        </li>
      ))}
    </ul>
  )
}

function keyOf({ kind, vhost, name, group, transaction }: Finding): string {
  return [kind, vhost, name, group, transaction].join(' ')
}

/** A shape of its own for each, as not everybody sees the colour. */
function Mark({ severity }: { readonly severity: Finding['severity'] }): JSX.Element {
  const shapes = {
    bad: <path d="M8 1.5 15 14.5H1Z" />,
    look: <path d="M8 1.5 14.5 8 8 14.5 1.5 8Z" />,
    fine: <circle cx="8" cy="8" r="6" />,
  }
  return (
    <svg
      class={`mark mark-${severity}`}
      viewBox="0 0 16 16"
      role="img"
      aria-label={words[severity]}
    >
      {shapes[severity]}
    </svg>
  )
}

/** Its names lead to what they name. */
function Sentence({ finding }: { readonly finding: Finding }): JSX.Element {
  const parts = finding.text.split('`')
  return (
    <>
      {parts.map((text, index) =>
        index % 2 === 0 ? text : <NameIn key={index} text={text} finding={finding} />,
      )}
    </>
  )
}

/** Text has names as they can be read; the real one is a field beside it. */
function NameIn({
  text,
  finding,
}: {
  readonly text: string
  readonly finding: Finding
}): ComponentChildren {
  const { vhost, name, group, transaction, streams = [] } = finding
  const own = name === undefined ? streams : [{ vhost: vhost ?? '/', name }]
  const stream = own.find((each) => text === readable(each.name))
  if (stream !== undefined) return <Name value={stream.name} to={streamUrl(stream)} />
  const whole = [group, transaction].find((each) => each !== undefined && text === readable(each))
  return <Name value={whole ?? text} />
}

/** As the broker writes names into sentences. */
function readable(name: string): string {
  if (name === '') return '(empty name)'
  // oxlint-disable-next-line no-control-regex
  return /[\0-\x1f\x7f-\x9f`\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(name) ? '' : name
}

function Steps({ finding }: { readonly finding: Finding }): JSX.Element {
  const step = nextStep(finding)
  const { command } = finding
  return (
    <span class="findings-steps">
      {command !== undefined && (
        <span class="findings-command">
          <code>{command}</code>
          <CopyButton text={command} what="command" />
        </span>
      )}
      {step !== undefined && <a href={step.to}>{step.label}</a>}
    </span>
  )
}
