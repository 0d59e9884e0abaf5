export {
  compileTransforms,
  markTransformed,
  transformNames,
  validateTransform,
  type CompiledTransforms,
  type RejectedTransform,
  type TransformedBatch,
} from './compile-transforms.ts'
