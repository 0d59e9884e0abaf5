import { describe, expect, it } from 'vitest'
import {
  readerCases,
  writerCases,
  type ConformanceCase,
  type ReaderHarness,
  type WriterHarness,
} from '../src/index.ts'
import { ofDocuments, ofDocumentsLookedUp } from './document-harness.ts'
import { memoryReaderHarness, memoryWriterHarness } from './memory-harness.ts'
import { failuresOf, type Failure, type Mutant } from './mutants/mutant.ts'
import { readerDocumentMutants, readerLookUpMutants } from './mutants/reader-document-mutants.ts'
import { readerFollowMutants } from './mutants/reader-follow-mutants.ts'
import { readerLifetimeMutants } from './mutants/reader-lifetime-mutants.ts'
import { readerMutants } from './mutants/reader-mutants.ts'
import { readerTypeMutants } from './mutants/reader-type-mutants.ts'
import { writerCheckpointMutants } from './mutants/writer-checkpoint-mutants.ts'
import { writerMutants } from './mutants/writer-mutants.ts'

/** How long a mutant that never answers is waited for. */
const timeoutMs = 400

/** Mutants, and the healthy harness they break. */
interface Brood<H> {
  readonly mutants: readonly Mutant<H>[]
  readonly healthy: () => H
}

function catchAll<H>(cases: readonly ConformanceCase<H>[], broods: readonly Brood<H>[]): void {
  const caught = new Map<Mutant<H>, Promise<readonly Failure[]>>()
  const failures = (mutant: Mutant<H>, harness: () => H) => {
    const known = caught.get(mutant) ?? failuresOf(cases, mutant, harness())
    caught.set(mutant, known)
    return known
  }
  for (const { mutants, healthy } of broods) {
    it.each(mutants)('catch one that $name', async (mutant) => {
      const found = await failures(mutant, healthy)
      for (const { message } of found) expect(message.startsWith(`${mutant.breaks}: `)).toBe(true)
      expect(found.map(({ message }) => message).join('\n')).toMatch(mutant.says)
    })
  }
  it('can all fail', async () => {
    const failed = new Set<string>()
    for (const { mutants, healthy } of broods)
      for (const mutant of mutants)
        for (const { title } of await failures(mutant, healthy)) failed.add(title)
    const titles = cases.map(({ promise, name }) => `${promise}: ${name}`)
    expect(titles.filter((title) => !failed.has(title))).toEqual([])
    expect(new Set(titles).size).toBe(titles.length)
  })
}

describe('the cases for readers', () => {
  const mutants = [
    ...readerMutants,
    ...readerTypeMutants,
    ...readerLifetimeMutants,
    ...readerFollowMutants,
  ]
  const healthy = (): ReaderHarness => ({ ...memoryReaderHarness(), timeoutMs })
  catchAll(readerCases, [
    { mutants, healthy },
    { mutants: readerDocumentMutants, healthy: () => ofDocuments(healthy()) },
    { mutants: readerLookUpMutants, healthy: () => ofDocumentsLookedUp(healthy()) },
  ])

  it.each(mutants)('catch one of documents that $name', async (mutant) => {
    const breaking = (harness: ReaderHarness) => ofDocuments(mutant.breaking(harness))
    const found = await failuresOf(readerCases, { ...mutant, breaking }, healthy())
    expect(found).not.toEqual([])
    for (const { message } of found) expect(message.startsWith(`${mutant.breaks}: `)).toBe(true)
  })
})

describe('the cases for writers', () => {
  const harness = (isKeyed: boolean) => (): WriterHarness => ({
    ...memoryWriterHarness({ isKeyed }),
    timeoutMs,
  })
  catchAll(writerCases, [
    { mutants: writerMutants, healthy: harness(false) },
    { mutants: writerCheckpointMutants, healthy: harness(true) },
  ])
})

function without(part: keyof ReaderHarness): ReaderHarness {
  const parts = Object.entries(memoryReaderHarness()).filter(([name]) => name !== part)
  return Object.fromEntries(parts) as unknown as ReaderHarness
}

describe('a harness', () => {
  it.each(['blockedSource', 'refused', 'holdFollowed', 'nativeTypes'] as const)(
    'that has no %s and does not say why fails',
    async (part) => {
      const harness = without(part)
      const messages: string[] = []
      for (const one of readerCases) {
        if (one.skipReason(harness) !== undefined || one.promise.startsWith('slow')) continue
        await one.run(harness).catch((error: Error) => messages.push(error.message))
      }
      expect(messages.join('\n')).toMatch(
        `cannot be tried: the harness has no ${part}; give it, or say in lacks.${part} why`,
      )
    },
  )

  it('that says why it has no part has its cases skipped, and the reason in their names', () => {
    const harness = without('blockedSource')
    const reasons = readerCases.flatMap(
      (one) =>
        one.skipReason({ ...harness, lacks: { blockedSource: 'memory never blocks' } }) ?? [],
    )
    expect(reasons).toEqual([
      'capabilities.parallelSplits is true',
      'memory never blocks',
      'rows are no documents',
    ])
  })
})
