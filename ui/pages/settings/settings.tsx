// Settings: what the broker was started with, what was declared, policies, and who changed what.
import type { JSX } from 'preact'
import { urlOf, useParam } from '../../lib/router.ts'
import { Tabs } from '../../parts/tabs.tsx'
import { AboutTab } from './about.tsx'
import { ChangesTab } from './changes.tsx'
import { ConfigurationTab } from './configuration.tsx'
import { DefinitionsTab } from './definitions.tsx'
import { PoliciesTab } from './policies.tsx'
import './settings.css'

const tabs = {
  configuration: { label: 'Configuration', Tab: ConfigurationTab },
  definitions: { label: 'Definitions', Tab: DefinitionsTab },
  policies: { label: 'Policies', Tab: PoliciesTab },
  changes: { label: 'Changes', Tab: ChangesTab },
  about: { label: 'About', Tab: AboutTab },
} as const

export function SettingsPage(): JSX.Element {
  const [asked = 'configuration'] = useParam('tab')
  const current = asked in tabs ? (asked as keyof typeof tabs) : 'configuration'
  const { Tab } = tabs[current]
  const row = (
    <Tabs
      label="Views of settings"
      tabs={Object.entries(tabs).map(([name, { label }]) => ({
        label,
        to: urlOf('/settings', name === 'configuration' ? {} : { tab: name }),
        isCurrent: name === current,
      }))}
    />
  )
  return <Tab tabs={row} />
}
