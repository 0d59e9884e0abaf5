import { describe, expect, it } from 'vitest'
import { job, output, settings } from '../../test/route-fixture.ts'
import type { PipelineSource } from '../model/pipeline.ts'
import type { TableJob } from '../model/table-job.ts'
import { compileRoutes } from '../transform/compile-routes.ts'
import { matchedSource } from './matched-source.ts'
import { changesParameter, readerParameter, wholeDocumentReason } from './reader-parameter.ts'

const source: PipelineSource = {
  id: 'shop',
  stepType: 'postgresql',
  dataSource: { name: 'shop', type: 'postgresql', hosts: [], properties: {} },
  serverNames: ['shop'],
  namespaces: ['a', 'b'],
  advanced: { decimals: 'string', binary: 'base64', snapshot: 'initial' },
}
const elsewhere = [output({ connection: 'second' })]
const match = (table: string, others: object = {}) => ({
  match: { table, isCaseInsensitive: true, ...others },
})

function routesOf(
  target: string,
  jobs: readonly TableJob[],
  from = source,
  pipelineSettings = settings,
) {
  return compileRoutes({
    jobs,
    connection: target,
    source: matchedSource(from),
    settings: pipelineSettings,
    ...(from.tables === undefined ? {} : { tables: from.tables }),
    lookups: () => from.dataSource,
    compiler: {
      compile: () => Promise.reject(new Error('none')),
      fieldsOf: () => undefined,
      namesOf: () => [],
    },
  })
}

function parameterOf(target: string, jobs: readonly TableJob[], from = source) {
  return readerParameter(from, target, jobs, routesOf(target, jobs, from))
}

describe('what is read of a source without a list of tables', () => {
  const bill = job({ name: 'bill', ...match('bill'), outputs: elsewhere })

  it('everything, but for tables whose jobs write to other targets alone', () => {
    expect(parameterOf('target', [])).toEqual({ schemas: ['a', 'b'] })
    expect(parameterOf('target', [job(), bill])).toEqual({
      schemas: ['a', 'b'],
      exceptTables: [{ table: 'bill' }],
    })
    const exact = { ...match('bill', { schema: 'a', isCaseInsensitive: false }) }
    expect(parameterOf('target', [{ ...bill, ...exact }])).toEqual({
      schemas: ['a', 'b'],
      exceptTables: [{ schema: 'a', table: 'bill', matchesCase: true }],
    })
  })

  it('the tables of jobs for this target, wherever they stand', () => {
    expect(parameterOf('second', [job(), bill])).toEqual({
      schemas: ['a', 'b'],
      onlyTables: [{ table: 'bill' }],
    })
    expect(parameterOf('second', [bill], { ...source, namespaces: ['a'] })).toEqual({
      tables: [{ schema: 'a', table: 'bill' }],
    })
    expect(parameterOf('second', [{ ...bill, ...match('bill', { db: 'shop' }) }])).toEqual({
      schemas: ['a', 'b'],
      onlyTables: [{ table: 'bill' }],
    })
    expect(parameterOf('third', [bill])).toBeUndefined()
  })

  it('a job for all tables takes them from the target of the others', () => {
    const all = job({ name: 'all', ...match('*'), outputs: elsewhere })
    expect(parameterOf('target', [all])).toBeUndefined()
    expect(parameterOf('second', [all, job()])).toEqual({
      schemas: ['a', 'b'],
      exceptTables: [{ table: 'invoice' }],
    })
    const ofA = { ...all, ...match('*', { schema: 'a' }) }
    expect(parameterOf('target', [ofA, job()])).toEqual({
      schemas: ['a', 'b'],
      onlyTables: [{ schema: 'b' }, { table: 'invoice' }],
    })
  })
})

describe('what updates of documents bring', () => {
  const documents: PipelineSource = {
    ...source,
    stepType: 'mongodb',
    advanced: { ...source.advanced, beforeImages: false, changedFields: true },
  }
  const brought = (jobs: readonly TableJob[], from = documents, pipelineSettings = settings) =>
    changesParameter(from, undefined, routesOf('target', jobs, from, pipelineSettings))['changes']

  it('fields, where the file says so and everything goes into hashes and JSON documents as it is', () => {
    expect(brought([])).toEqual({ beforeImages: false, fullDocument: 'fields' })
    const renamed = output({ mapping: [{ column: 'name', alias: 'label' }] })
    expect(brought([job({ ...match('bill'), outputs: [renamed] })])).toMatchObject({
      fullDocument: 'fields',
    })
    const json = job({ ...match('bill'), outputs: [output({ dataType: 'json' })] })
    expect(brought([json])).toMatchObject({ fullDocument: 'fields' })
    const byDefault = { ...settings, targetDataType: 'json' as const }
    expect(brought([], documents, byDefault)).toMatchObject({ fullDocument: 'fields' })
    const full = { ...documents.advanced, changedFields: false }
    expect(brought([], { ...documents, advanced: full })).toEqual({ beforeImages: false })
  })

  it('the document, where anything is made of more than what changed', () => {
    const expression = { language: 'jmespath', text: 'name', place: 'jobs/bill.yaml:1:1' } as const
    const others: readonly TableJob[] = [
      job({ ...match('bill'), outputs: [output({ dataType: 'json', key: expression })] }),
      job({ ...match('bill'), outputs: [output({ dataType: 'json', expire: 10 })] }),
      job({ ...match('bill'), outputs: [output({ dataType: 'stream' })] }),
      job({ ...match('bill'), outputs: [output({ key: expression })] }),
      job({ ...match('bill'), outputs: [output({ expire: 10 })] }),
      job({ ...match('bill'), blocks: [{ uses: 'filter', expression }] }),
    ]
    for (const one of others) expect(brought([one])).toEqual({ beforeImages: false })
    const kept = { ...documents.advanced, fullDocument: 'post_image' as const }
    expect(brought([], { ...documents, advanced: kept })).toMatchObject({
      fullDocument: 'post_image',
    })
  })

  it('the document with a reason, where the file asks for fields', () => {
    const reasonOf = (jobs: readonly TableJob[], from = documents) =>
      wholeDocumentReason(from, routesOf('target', jobs, from))
    const stream = job({ ...match('bill'), outputs: [output({ dataType: 'stream' })] })
    expect(reasonOf([])).toBeUndefined()
    expect(reasonOf([stream])).toMatch(/^jobs\/invoice\.yaml makes more/)
    const kept = { ...documents.advanced, fullDocument: 'lookup' as const }
    expect(reasonOf([], { ...documents, advanced: kept })).toMatch(/full\.update\.type asks/)
    const full = { ...documents.advanced, changedFields: false }
    expect(reasonOf([stream], { ...documents, advanced: full })).toBeUndefined()
  })

  it('fields, where jobs that need the document are for other collections', () => {
    const bill = job({ ...match('bill'), outputs: [output({ dataType: 'stream' })] })
    const tables = [{ table: 'item', namespace: 'a', place: 'config.yaml:1:1' }]
    expect(brought([bill], { ...documents, tables })).toMatchObject({ fullDocument: 'fields' })
  })
})
