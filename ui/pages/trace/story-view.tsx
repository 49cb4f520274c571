// One message as a timeline: what happened, when, where, and how long it waited between.
import type { JSX } from 'preact'
import { clockTime, duration, isoTime } from '../../lib/format.ts'
import { timeZone } from '../../lib/preferences.ts'
import { urlOf } from '../../lib/router.ts'
import { Badge } from '../../parts/badge.tsx'
import { At } from '../../parts/values.tsx'
import { placeText, type Step, type Story } from './story.ts'

export interface StoryViewProps {
  readonly story: Story
  readonly vhost: string
}

export function StoryView({ story, vhost }: StoryViewProps): JSX.Element {
  const { steps, startedAt, endedAt, outcome, id, message } = story
  const longest = Math.max(1, ...steps.map(({ wait }) => wait?.ms ?? 0))
  return (
    <section class="story" aria-label={`Message ${message}`}>
      <h2 class="story-title">
        <span class="mono">{id ?? `#${message}`}</span>
        <Badge tone={outcome.tone}>{outcome.text}</Badge>
      </h2>
      <p class="soft">
        {steps.length === 1 ? 'One step' : `${steps.length} steps`} in{' '}
        {duration(endedAt - startedAt)}, since <At value={startedAt} />
      </p>
      <ol class="story-steps">
        {steps.map((step) => (
          <StepLine key={step.event.sequence} step={step} longest={longest} vhost={vhost} />
        ))}
      </ol>
    </section>
  )
}

interface StepLineProps {
  readonly step: Step
  readonly longest: number
  readonly vhost: string
}

function StepLine({ step, longest, vhost }: StepLineProps): JSX.Element {
  const { event, text, detail, tone, wait } = step
  const { at, stream, offset } = event
  const exact = `${clockTime(at, timeZone.value)}.${String(at % 1000).padStart(3, '0')}`
  return (
    <li class={`story-step story-${tone}`}>
      {wait !== undefined && wait.ms > 0 && (
        <div class="story-wait">
          <span class="story-bar" style={{ inlineSize: `${2 + (wait.ms / longest) * 50}%` }} />
          <span class="story-wait-text">
            {duration(wait.ms)} {wait.text}
          </span>
        </div>
      )}
      <div class="story-line">
        <time class="story-time number" dateTime={isoTime(at)}>
          {exact}
        </time>
        <Mark tone={tone} />
        <span class="story-what">
          {text}{' '}
          {stream !== undefined && (
            <a class="mono" href={urlOf('/stream/messages', { vhost, name: stream, at: offset })}>
              {placeText(event)}
            </a>
          )}
          {detail !== '' && <span class="soft story-detail">{detail}</span>}
        </span>
      </div>
    </li>
  )
}

/** By shape as well as by colour: a dot, a tick, a triangle, a cross. */
function Mark({ tone }: { readonly tone: Step['tone'] }): JSX.Element {
  const shapes = {
    plain: <circle cx="6" cy="6" r="3.5" />,
    good: <path class="story-mark-line" d="M1.5 6.5L4.5 9.5L10.5 2.5" />,
    look: <path d="M6 1L11.5 11H0.5Z" />,
    bad: <path class="story-mark-line" d="M2 2L10 10M10 2L2 10" />,
  }
  return (
    <svg class="story-mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {shapes[tone]}
    </svg>
  )
}
