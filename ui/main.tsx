// The way in: puts the application into the page.
import { render } from 'preact'
import { App } from './app/app.tsx'
import { watchKeys } from './lib/keys.ts'
import { watchAttention } from './lib/live.ts'
import { showPreferences } from './lib/preferences.ts'
import { noteStreams } from './lib/recent-streams.ts'
import { watchLinks } from './lib/router.ts'
import './style/tokens.css'
import './style/base.css'

showPreferences()
watchLinks()
noteStreams()
watchKeys()
watchAttention()
const root = document.getElementById('app')
if (root !== null) render(<App />, root)
