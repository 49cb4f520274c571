// The broker's face of the neutral argument types. Protocols convert their own tables into these.
export {
  type Argument,
  type Arguments,
  type Decimal,
  type FieldTypeName,
  type Integer,
  type IntegerTypeName,
  noArguments,
} from '../meta/arguments.ts'
