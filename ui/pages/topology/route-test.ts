// Where a message would go: asks the broker, and lights the way up step by step.
import { useEffect, useState } from 'preact/hooks'
import type { RouteStepJson, RouteTestJson } from '../../../src/admin/v1/route-test-operation.ts'
import type { MessageAsked } from './commands.ts'
import { routeTest } from './commands.ts'
import type { Lit } from './graph.tsx'
import { edgeKey } from './neighbourhood.ts'

export interface RouteTest {
  /** Undefined until somebody asked. */
  readonly result: RouteTestJson | undefined
  readonly problem: Error | undefined
  /** How many of the steps are lit. */
  readonly litSteps: number
  readonly ask: (message: MessageAsked) => void
  readonly forget: () => void
}

/** Between two steps; the eye follows. */
const stepMs = 350

export function useRouteTest(): RouteTest {
  const [result, setResult] = useState<RouteTestJson>()
  const [problem, setProblem] = useState<Error>()
  const [litSteps, setLitSteps] = useState(0)
  const total = result === undefined ? 0 : result.steps.length + 1
  useEffect(() => {
    if (litSteps >= total) return undefined
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    const timer = setTimeout(
      () => setLitSteps(isStill ? total : litSteps + 1),
      isStill ? 0 : stepMs,
    )
    return () => clearTimeout(timer)
  }, [litSteps, total, result])
  return {
    result,
    problem,
    litSteps,
    ask(message) {
      void (routeTest(message).run() as Promise<RouteTestJson>).then(
        (answer) => {
          setProblem(undefined)
          setLitSteps(1)
          setResult(answer)
        },
        (error: unknown) => {
          setResult(undefined)
          setProblem(error instanceof Error ? error : new Error(String(error)))
        },
      )
    },
    forget() {
      setResult(undefined)
      setProblem(undefined)
    },
  }
}

/** What of the way is lit after so many steps: exchanges, then what they lead to. */
export function litOf({ steps }: RouteTestJson, litSteps: number): Lit {
  const nodes = new Set<string>()
  const edges = new Set<string>()
  for (const step of steps.slice(0, litSteps)) {
    const from = `exchange:${step.exchange}`
    nodes.add(from)
    for (const to of leadsTo(step)) {
      nodes.add(to)
      edges.add(edgeKey({ from, to }))
    }
  }
  return { nodes, edges }
}

function leadsTo({ leads_to: ways, alternate }: RouteStepJson): string[] {
  const ids = ways.map(({ destination_type: type, destination }) => `${type}:${destination}`)
  return alternate === null ? ids : [...ids, `exchange:${alternate.name}`]
}
