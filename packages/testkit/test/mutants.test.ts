import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { readerCases, writerCases } from '../src/index.ts'
import { memoryReaderHarness, memoryWriterHarness } from './memory-harness.ts'
import { readerMutants } from './mutants/reader-mutants.ts'
import { writerMutants } from './mutants/writer-mutants.ts'

async function failureOf(run: Promise<void>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('the cases for readers', () => {
  it.each(readerMutants)('catch a reader that $name', async ({ fails, breaking }) => {
    const harness = memoryReaderHarness(breaking)
    const broken = readerCases.find(({ name }) => name === fails)
    expect(broken?.appliesTo(harness)).toBe(true)
    const failure = await failureOf(broken?.run(harness) ?? Promise.resolve())
    expect(failure).toBeInstanceOf(AssertionError)
  })

  it('can all fail', () => {
    const failing = new Set(readerMutants.map(({ fails }) => fails))
    expect(readerCases.map(({ name }) => name).filter((name) => !failing.has(name))).toEqual([])
  })
})

describe('the cases for writers', () => {
  it.each(writerMutants)('catch a writer that $name', async ({ fails, breaking }) => {
    const harness = memoryWriterHarness(breaking)
    const broken = writerCases.find(({ name }) => name === fails)
    expect(broken?.appliesTo(harness)).toBe(true)
    const failure = await failureOf(broken?.run(harness) ?? Promise.resolve())
    expect(failure).toBeInstanceOf(AssertionError)
  })

  it('can all fail', () => {
    const failing = new Set(writerMutants.map(({ fails }) => fails))
    expect(writerCases.map(({ name }) => name).filter((name) => !failing.has(name))).toEqual([])
  })
})
