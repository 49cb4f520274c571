// MQTT: sessions, the tree of retained messages, groups that share, and a tester of topic filters.
import type { JSX } from 'preact'
import { place, urlOf } from '../../lib/router.ts'
import { Tabs } from '../../parts/tabs.tsx'
import { GroupsTab } from './groups-tab.tsx'
import { SessionsTab } from './sessions-tab.tsx'
import { TesterTab } from './tester-tab.tsx'
import { TopicsTab } from './topics-tab.tsx'
import './mqtt.css'

const views = {
  sessions: { label: 'Sessions', show: SessionsTab },
  topics: { label: 'Retained messages', show: TopicsTab },
  groups: { label: 'Shared subscriptions', show: GroupsTab },
  test: { label: 'Filter tester', show: TesterTab },
} as const

type ViewName = keyof typeof views

export function MqttPage(): JSX.Element {
  const asked = place.value.params.get('tab') ?? 'sessions'
  const current: ViewName = asked in views ? (asked as ViewName) : 'sessions'
  const Shown = views[current].show
  const tabs = (
    <Tabs
      label="Views of MQTT"
      tabs={Object.entries(views).map(([name, { label }]) => ({
        label,
        to: urlOf('/mqtt', { tab: name === 'sessions' ? undefined : name }),
        isCurrent: name === current,
      }))}
    />
  )
  return <Shown tabs={tabs} />
}
