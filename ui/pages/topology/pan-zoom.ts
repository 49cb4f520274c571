// Moves and zooms a picture by mouse, wheel, touch and keys.
import { type RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Where the picture's corner stands, and how large it is drawn. */
export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** A part of the picture. */
export interface Frame extends Size {
  readonly x: number
  readonly y: number
}

export interface PanZoom {
  readonly view: View
  readonly box: Size
  /** Larger or smaller, around the middle. */
  zoom(factor: number): void
  /** All of it in sight, but not so small that nobody reads it unless `isWhole`. */
  fit(isWhole?: boolean): void
  /** Moves as little as it takes for this part of the picture to be in sight. */
  show(place: Frame): void
  /** The same, and smaller if it takes that, but not below a scale. */
  frame(place: Frame, least?: number): void
  readonly onPointerDown: (event: PointerEvent) => void
  readonly onPointerMove: (event: PointerEvent) => void
  readonly onPointerUp: (event: PointerEvent) => void
}

const scaleMin = 0.08
const scaleMax = 2
/** Below that nobody reads a name. */
const readableScale = 0.72
const margin = 24
/** A pointer that moved less was a click. */
const clickDistance = 4

export function usePanZoom(element: RefObject<Element | null>, picture: Size): PanZoom {
  const [view, setView] = useState<View>({ x: margin, y: margin, scale: 1 })
  const box = useBox(element)
  const latest = useRef({ view, box, picture })
  latest.current = { view, box, picture }
  const change = (changed: (before: View) => View): void => {
    setView((before) => bounded(changed(before), latest.current))
  }
  const zoomAt = (factor: number, x: number, y: number): void =>
    change((before) => {
      const scale = Math.min(scaleMax, Math.max(scaleMin, before.scale * factor))
      const grown = scale / before.scale
      return { scale, x: x - (x - before.x) * grown, y: y - (y - before.y) * grown }
    })
  useWheel(element, change, zoomAt)
  const drag = useDrag(element, change, zoomAt)
  return {
    view,
    box,
    zoom: (factor) => zoomAt(factor, box.width / 2, box.height / 2),
    fit: (isWhole = false) => setView(fitted(latest.current, isWhole)),
    show: (place) => change((before) => shown(before, latest.current.box, place)),
    frame: (place, least = scaleMin) =>
      change((before) => framed(before, { ...latest.current, place, least })),
    ...drag,
  }
}

function useBox(element: RefObject<Element | null>): Size {
  const [box, setBox] = useState<Size>({ width: 0, height: 0 })
  // Before anything is painted, so that the picture does not jump to its place.
  useLayoutEffect(() => {
    const { current } = element
    if (current === null) return undefined
    const measure = (): void => setBox({ width: current.clientWidth, height: current.clientHeight })
    measure()
    const sizes = new ResizeObserver(measure)
    sizes.observe(current)
    return () => sizes.disconnect()
  }, [])
  return box
}

interface Sizes {
  readonly box: Size
  readonly picture: Size
}

function fitted({ box, picture }: Sizes, isWhole: boolean): View {
  const room = { width: box.width - 2 * margin, height: box.height - 2 * margin }
  const whole = Math.min(1, room.width / picture.width, room.height / picture.height)
  const scale = Math.max(scaleMin, isWhole ? whole : Math.max(whole, readableScale))
  const left = (box.width - picture.width * scale) / 2
  const top = (box.height - picture.height * scale) / 2
  return { scale, x: Math.max(margin, left), y: Math.max(margin, Math.min(top, 64)) }
}

/** Some of the picture stays in sight. */
function bounded(view: View, { box, picture }: Sizes): View {
  const kept = 80
  const between = (value: number, min: number, max: number): number =>
    Math.min(Math.max(value, min), Math.max(min, max))
  return {
    scale: view.scale,
    x: between(view.x, kept - picture.width * view.scale, box.width - kept),
    y: between(view.y, kept - picture.height * view.scale, box.height - kept),
  }
}

function shown(view: View, box: Size, place: Frame): View {
  const shift = (start: number, length: number, room: number): number => {
    if (start < margin) return margin - start
    return Math.min(0, room - margin - (start + length))
  }
  const { scale } = view
  const x = view.x + shift(view.x + place.x * scale, place.width * scale, box.width)
  const y = view.y + shift(view.y + place.y * scale, place.height * scale, box.height)
  return { x, y, scale }
}

interface FrameAsked extends Sizes {
  readonly place: Frame
  readonly least: number
}

function framed(view: View, { box, place, least }: FrameAsked): View {
  const room = { width: box.width - 2 * margin, height: box.height - 2 * margin }
  const whole = Math.min(room.width / place.width, room.height / place.height)
  const scale = Math.min(view.scale, Math.max(least, whole))
  return shown({ ...view, scale }, box, place)
}

type Change = (changed: (before: View) => View) => void
type ZoomAt = (factor: number, x: number, y: number) => void

/** The wheel moves; with a key, or two fingers on a trackpad, it zooms. */
function useWheel(element: RefObject<Element | null>, change: Change, zoomAt: ZoomAt): void {
  const act = useRef({ change, zoomAt })
  act.current = { change, zoomAt }
  useEffect(() => {
    const target = element.current
    const onWheel = (event: Event): void => {
      if (!(event instanceof WheelEvent) || target === null) return
      event.preventDefault()
      const { left, top } = target.getBoundingClientRect()
      if (event.ctrlKey || event.metaKey) {
        act.current.zoomAt(
          Math.exp(-event.deltaY * 0.004),
          event.clientX - left,
          event.clientY - top,
        )
      } else {
        const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY]
        act.current.change(({ x, y, scale }) => ({ x: x - dx, y: y - dy, scale }))
      }
    }
    // A listener that may stop the page from scrolling.
    target?.addEventListener('wheel', onWheel, { passive: false })
    return () => target?.removeEventListener('wheel', onWheel)
  }, [])
}

interface Point {
  readonly x: number
  readonly y: number
}

/** One pointer moves the picture, two of them zoom it. */
function useDrag(
  element: RefObject<Element | null>,
  change: Change,
  zoomAt: ZoomAt,
): Pick<PanZoom, 'onPointerDown' | 'onPointerMove' | 'onPointerUp'> {
  const pointers = useRef(new Map<number, Point>())
  const start = useRef<Point>(undefined)
  const pointOf = (event: PointerEvent): Point => {
    const box = element.current?.getBoundingClientRect()
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
  }
  return {
    onPointerDown(event) {
      if (event.button !== 0) return
      pointers.current.set(event.pointerId, pointOf(event))
      start.current = pointOf(event)
    },
    onPointerMove(event) {
      const before = pointers.current.get(event.pointerId)
      if (before === undefined || start.current === undefined) return
      const now = pointOf(event)
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1]
      if (other !== undefined) {
        const grown = distance(now, other) / Math.max(1, distance(before, other))
        zoomAt(grown, (now.x + other.x) / 2, (now.y + other.y) / 2)
      } else if (distance(now, start.current) < clickDistance) return
      else {
        // From now on it is no click on what lies under it.
        element.current?.setPointerCapture(event.pointerId)
        change(({ x, y, scale }) => ({ x: x + now.x - before.x, y: y + now.y - before.y, scale }))
      }
      pointers.current.set(event.pointerId, now)
    },
    onPointerUp(event) {
      pointers.current.delete(event.pointerId)
    },
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
