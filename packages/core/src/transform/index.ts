export {
  compileTransforms,
  isTransformed,
  markTransformed,
  transformNames,
  validateTransform,
  type DxTransforms,
} from './compile-transforms.ts'
export { dxTransform } from './dx-transform.ts'
export type {
  CompiledTransforms,
  CompileOptions,
  RejectedTransform,
  RowTransform,
  TransformedBatch,
} from './row-transform.ts'
