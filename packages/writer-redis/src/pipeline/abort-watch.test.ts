import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { AbortWatch } from './abort-watch.ts'

it('tells every item, and leaves no listener behind', () => {
  const told: [string, unknown][] = []
  const watch = new AbortWatch<string>((item, reason) => told.push([item, reason]))
  const controller = new AbortController()
  const { signal } = controller
  for (const item of ['a', 'b', 'c']) watch.add(signal, item)
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  watch.remove(signal, 'b')
  controller.abort('stop')
  expect(told).toEqual([
    ['a', 'stop'],
    ['c', 'stop'],
  ])
  const other = new AbortController().signal
  watch.add(other, 'd')
  watch.remove(other, 'd')
  expect(getEventListeners(other, 'abort')).toHaveLength(0)
})
