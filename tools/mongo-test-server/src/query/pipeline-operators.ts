import { Lazy, type Iterator } from 'mingo/lazy'
import type { Any, AnyObject, Options } from 'mingo/types'
import { sortDocuments, sortSpecification } from '../order/sort-documents.ts'
import { bucketAuto } from './bucket-auto.ts'

type Stage = (documents: Iterator, argument: Any, options: Options) => Iterator

/** The stages that compare values of BSON types, and `$sample`, which takes no document twice; all others are the query library's. */
export const pipelineOperators: Readonly<Record<`$${string}`, Stage>> = {
  $sort: (documents, argument) => {
    const specification = sortSpecification(argument)
    return onAll(documents, (all) => sortDocuments(all, specification, (document) => document))
  },
  $sample: (documents, argument) => {
    const size = Number(Reflect.get(Object(argument), 'size'))
    return onAll(documents, (all) => sampleOf(all, size))
  },
  $bucketAuto: (documents, argument, options) =>
    onAll(documents, (all) => bucketAuto(all, argument, options)),
}

function onAll(documents: Iterator, change: (all: AnyObject[]) => AnyObject[]): Iterator {
  return documents.transform((all: Any[]) => Lazy(change(all as AnyObject[])))
}

/** A part of the documents, picked at random. */
function sampleOf(all: readonly AnyObject[], size: number): AnyObject[] {
  const left = [...all]
  const picked = Math.min(size, left.length)
  for (let index = 0; index < picked; index += 1) {
    const other = index + Math.floor(Math.random() * (left.length - index))
    const document = left[other] as AnyObject
    left[other] = left[index] as AnyObject
    left[index] = document
  }
  return left.slice(0, picked)
}
