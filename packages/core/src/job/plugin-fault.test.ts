import { expect, it } from 'vitest'
import type { Plugin } from '../plugin/define.ts'
import { PluginError } from '../plugin/errors.ts'
import { reportedError } from '../runtime/reported-error.ts'
import type { PlannedStep } from './job-plan.ts'
import { ownedSession } from './plugin-fault.ts'

const step = {
  plugin: { kind: 'reader', stepType: 'acme' },
  origin: 'millrace-reader-acme',
  name: 'Reader',
} as unknown as PlannedStep<Plugin>
const title = 'the reader acme of millrace-reader-acme (step "Reader")'

class Session {
  #count = 0
  readonly limits = { maxRows: 3 }

  async check(): Promise<number> {
    this.#count += 1
    return this.#count
  }

  fails(): never {
    throw new TypeError('at once')
  }

  async failsLater(): Promise<never> {
    throw new TypeError('later')
  }

  async refuses(): Promise<never> {
    throw new PluginError({ code: 'SOURCE_FAILED', message: 'no' })
  }

  async *read(): AsyncGenerator<number> {
    yield 1
    throw new TypeError('while reading')
  }
}

async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

it('names the plugin that an error came from, and leaves everything else as it is', async () => {
  const session = await ownedSession(step, async () => Object.freeze(new Session()))
  expect(await session.check()).toBe(1)
  expect(await session.check()).toBe(2)
  expect(session.limits).toEqual({ maxRows: 3 })
  expect('read' in session).toBe(true)
  expect((session as { follow?: unknown }).follow).toBeUndefined()
  const read: number[] = []
  const readAll = async () => {
    for await (const row of session.read()) read.push(row)
  }
  for (const [call, text] of [
    [() => session.fails(), 'at once'],
    [() => session.failsLater(), 'later'],
    [readAll, 'while reading'],
  ] as const) {
    const error = await errorOf(call)
    expect(error).toBeInstanceOf(TypeError)
    const { message, hint, code } = reportedError(error)
    expect(message).toBe(`${title}: unexpected TypeError: ${text}`)
    expect(hint).toContain('fault of the plugin')
    expect(code).toBe('INTERNAL')
  }
  expect(read).toEqual([1])
  expect(reportedError(await errorOf(() => session.refuses()))).toEqual({
    code: 'SOURCE_FAILED',
    message: 'no',
  })
})

it('names the plugin that fails while it is opened, and none for an error of ours', async () => {
  const error = await errorOf(() =>
    ownedSession(step, () => Promise.reject(new RangeError('no room'))),
  )
  expect(reportedError(error).message).toBe(`${title}: unexpected RangeError: no room`)
  expect(reportedError(new Error('ours')).message).toBe('unexpected Error: ours')
})
