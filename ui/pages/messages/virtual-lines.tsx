// Lines of one height of which only those in sight exist: payloads have a million of them.
import type { ComponentChildren, JSX, RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import './virtual-lines.css'

export interface VirtualLinesProps {
  readonly count: number
  readonly label: string
  readonly render: (index: number) => ComponentChildren
  /** Comes into sight when it changes. */
  readonly shownLine?: number | undefined
  readonly role?: 'tree' | 'region'
  readonly onKeyDown?: ((event: KeyboardEvent) => void) | undefined
  readonly activeId?: string | undefined
  /** How many characters fit into a line, when that becomes known or changes. */
  readonly onColumns?: ((columns: number) => void) | undefined
}

export const lineHeight = 20
const spare = 10
/** Of the small monospace. */
const characterWidth = 7.25

export function VirtualLines(props: VirtualLinesProps): JSX.Element {
  const { count, label, render, role = 'region', onKeyDown, activeId } = props
  const box = useRef<HTMLDivElement>(null)
  const [shown, setShown] = useState({ first: 0, last: 60 })
  useSight(box, props, setShown)
  useLayoutEffect(() => {
    const element = box.current
    if (element === null || props.shownLine === undefined) return
    const top = props.shownLine * lineHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + lineHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top - Math.max(lineHeight, element.clientHeight / 2)
    }
  }, [props.shownLine])
  const last = Math.min(shown.last, count - 1)
  const indexes = Array.from({ length: Math.max(0, last - shown.first + 1) }, (_, at) => {
    return shown.first + at
  })
  return (
    <div
      ref={box}
      class="lines"
      role={role}
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={activeId}
      onKeyDown={onKeyDown}
    >
      <div class="lines-all" role="presentation" style={{ height: `${count * lineHeight}px` }}>
        <div
          class="lines-seen"
          role="presentation"
          style={{ transform: `translateY(${shown.first * lineHeight}px)` }}
        >
          {indexes.map(render)}
        </div>
      </div>
    </div>
  )
}

interface Sight {
  readonly first: number
  readonly last: number
}

function useSight(
  box: RefObject<HTMLDivElement | null>,
  { onColumns }: VirtualLinesProps,
  setShown: (change: (old: Sight) => Sight) => void,
): void {
  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const look = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / lineHeight) - spare)
      const last = Math.ceil((element.scrollTop + element.clientHeight) / lineHeight) + spare
      setShown((old) => (old.first === first && old.last === last ? old : { first, last }))
    }
    const measure = (): void => {
      onColumns?.(Math.max(20, Math.floor((element.clientWidth - 24) / characterWidth)))
      look()
    }
    measure()
    element.addEventListener('scroll', look, { passive: true })
    const sizes = new ResizeObserver(measure)
    sizes.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      sizes.disconnect()
    }
  }, [])
}
