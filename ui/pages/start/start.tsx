// First steps: send a message and get it back, in whichever language one writes.
import type { JSX } from 'preact'
import type { HomeJson } from '../../../src/admin/v1/home/home-json.ts'
import { useLive } from '../../lib/live.ts'
import { Listeners } from '../../parts/listeners.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { DemoCard } from './demo-card.tsx'
import { FirstSteps } from './first-steps.tsx'
import './start.css'

export function StartPage(): JSX.Element {
  const { data } = useLive<HomeJson>('/v1/home')
  return (
    <Page title="First steps" says="Send a message and get it back: choose how, copy, run.">
      <FirstSteps />
      <div class="start-columns">
        <Section title="Where to connect">
          <Listeners listeners={data?.listeners} />
        </Section>
        <Section title="A broker with something in it">
          <DemoCard />
        </Section>
      </div>
    </Page>
  )
}
