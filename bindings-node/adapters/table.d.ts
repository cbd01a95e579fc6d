import type { HandleOptions, Keyring, RecordId, Schema, Value } from '..'

/** The encrypted columns of one table. The schema's fields are columns: paths into a column are refused. */
export declare class Table {
  constructor(keyring: Keyring, schema: Schema, options?: HandleOptions)
  /** The record's id, of whatever has its columns; undefined if one is missing. */
  recordId(row: object): RecordId | undefined
  /** A copy with envelopes in the places of values, and index columns. */
  seal<T extends object>(row: T, recordId?: RecordId): any
  /** A copy with values in the places of envelopes, without index columns. */
  open<T extends object>(row: T): any
  /** The column that is compared to find a value of a column, and what with. */
  search(column: string, value: Value): { column: string, tokens: any[] }
}
