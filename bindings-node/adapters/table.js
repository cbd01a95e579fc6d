'use strict'

// The encrypted columns of one table: what every adapter does with a row.

const { FieldwardError } = require('..')

const isObject = (value) => typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date)

const refuse = (detail) => {
  throw new FieldwardError('wrong_field_mode', { kind: 'misuse', message: 'the field\'s mode does not offer this operation', detail })
}

class Table {
  /**
   * @param {import('..').Keyring} keyring
   * @param {import('..').Schema} schema whose fields are columns
   * @param {import('..').HandleOptions} [options]
   */
  constructor (keyring, schema, options) {
    this.columns = new Map()
    this.indexColumns = new Set()
    for (const id of schema.fields) {
      const declared = schema.field(id)
      if (declared.column == null) refuse(`${declared.path}: a path into a column`)
      this.columns.set(declared.column, { ...declared, handle: keyring.field(schema, id, options) })
      for (const { column } of declared.indexes) this.indexColumns.add(column)
    }
    this.idColumns = schema.recordId?.map(({ path }) => path) ?? []
  }

  /** The record's id, of whatever has its columns; undefined if one is missing. */
  recordId (row) {
    const parts = this.idColumns.map((column) => row?.[column])
    if (parts.length === 0 || parts.some((part) => part === undefined || part === null || isObject(part))) return undefined
    return parts.length === 1 ? parts[0] : parts
  }

  /** A copy with envelopes in the places of values, and index columns. Index columns of the caller's own are refused. */
  seal (row, recordId = this.recordId(row)) {
    const sealed = { ...row }
    for (const column of this.indexColumns) {
      if (sealed[column] !== undefined) throw new FieldwardError('record_shape', { kind: 'input', message: 'an index column is filled by the library', detail: column })
    }
    for (const [column, { handle, isBound }] of this.columns) {
      if (sealed[column] === undefined) continue
      const value = sealed[column]
      sealed[column] = handle.encrypt(value, isBound ? recordId : undefined)
      Object.assign(sealed, handle.indexValues(value))
    }
    return sealed
  }

  /** A copy with values in the places of envelopes, without index columns. */
  open (row) {
    const opened = { ...row }
    const recordId = this.recordId(row)
    for (const [column, { handle, isBound }] of this.columns) {
      if (opened[column] !== undefined) opened[column] = handle.decrypt(opened[column], isBound ? recordId : undefined)
    }
    for (const column of this.indexColumns) delete opened[column]
    return opened
  }

  /** The column that is compared to find a value of a column, and what with: of an exact index, or the deterministic column itself. */
  search (column, value) {
    const { handle, mode, indexes } = this.columns.get(column)
    if (mode === 'deterministic') return { column, tokens: handle.tokens(value) }
    const index = indexes.find(({ isExact, isList }) => isExact && !isList)
    if (index === undefined) refuse(`${column}: no exact index`)
    return handle.query(index.name, value)
  }
}

module.exports = { Table, isObject, refuse }
