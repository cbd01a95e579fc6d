'use strict'

// A plug-in for Mongoose: writes are encrypted and reads decrypted, and filters search.

const { FieldwardError } = require('..')
const { Table, isObject, refuse } = require('./table.js')

const LOGIC = new Set(['$and', '$or', '$nor'])
const QUERIES = ['find', 'findOne', 'countDocuments', 'distinct', 'findOneAndUpdate', 'findOneAndReplace', 'findOneAndDelete', 'updateOne', 'updateMany',
  'replaceOne', 'deleteOne', 'deleteMany']
const UPDATES = ['findOneAndUpdate', 'updateOne', 'updateMany']

/** An object id is the text of its digits; a binary is its bytes. */
function plain (value) {
  if (value?._bsontype === 'ObjectId') return value.toHexString()
  if (value?._bsontype === 'Binary') return Buffer.from(value.buffer.subarray(0, value.position))
  return value
}

/**
 * @param {import('mongoose').Schema} schema whose encrypted paths are of the type `Mixed`
 * @param {{table: Table}} options
 */
function encrypted (schema, { table }) {
  const recordId = (row) => table.recordId(Object.fromEntries(table.idColumns.map((column) => [column, plain(row?.[column])])))
  const seal = (row, id) => table.seal(row, id)
  const open = (row) => {
    for (const [column, { handle, isBound }] of table.columns) {
      if (row[column] !== undefined) row[column] = handle.decrypt(plain(row[column]), isBound ? recordId(row) : undefined)
    }
    for (const column of table.indexColumns) delete row[column]
  }
  const before = new WeakMap()

  schema.pre('init', (row) => open(row))

  schema.pre('save', function () {
    const changed = [...table.columns.keys()].filter((column) => this.isNew ? this.get(column) !== undefined : this.isModified(column))
    const values = Object.fromEntries(changed.map((column) => [column, this.get(column)]))
    before.set(this, values)
    for (const [column, value] of Object.entries(seal(values, recordId(this)))) this.set(column, value)
  })
  const restore = (document) => {
    const values = before.get(document)
    if (values === undefined) return
    before.delete(document)
    for (const [column, value] of Object.entries(values)) {
      document.set(column, value)
      document.unmarkModified(column)
    }
    for (const column of table.indexColumns) {
      document.set(column, undefined)
      document.unmarkModified(column)
    }
  }
  schema.post('save', restore)
  schema.post('save', function (error, document, next) {
    restore(this)
    next(error)
  })

  schema.pre('insertMany', function (documents) {
    return this.base.overwriteMiddlewareArguments([documents].flat().map((document) => {
      const row = document instanceof this ? document.toObject() : { ...document }
      // Mongoose would make it after this.
      if (row._id === undefined && table.idColumns.includes('_id')) row._id = new this.base.Types.ObjectId()
      return seal(row, recordId(row))
    }))
  })
  schema.post('insertMany', (documents) => {
    for (const document of documents) {
      if (typeof document.toObject !== 'function') {
        open(document)
        continue
      }
      const row = document.toObject()
      open(row)
      for (const column of [...table.columns.keys(), ...table.indexColumns]) document.set(column, row[column])
      for (const column of [...table.columns.keys(), ...table.indexColumns]) document.unmarkModified(column)
    }
  })
  schema.pre('bulkWrite', (operations) => {
    const text = JSON.stringify(operations)
    if ([...table.columns.keys()].some((column) => text.includes(`"${column}"`))) refuse('bulkWrite of an encrypted path')
  })
  schema.pre('aggregate', function () {
    for (const stage of this.pipeline()) if (stage.$match !== undefined) stage.$match = where(table, stage.$match)
  })

  schema.pre(QUERIES, function () {
    const filter = this.getFilter()
    if (UPDATES.includes(this.op)) this.setUpdate(update(table, this.getUpdate(), recordId(filter)))
    if (this.op.endsWith('eplaceOne') || this.op === 'findOneAndReplace') this.setUpdate(seal(this.getUpdate(), recordId(filter)))
    if (this.op === 'distinct' && table.columns.has(this._distinct)) refuse(`${this._distinct}: envelopes have no groups`)
    for (const column of Object.keys(this.getOptions().sort ?? {})) if (table.columns.has(column)) refuse(`${column}: envelopes have no order`)
    this.setQuery(where(table, filter))
  })
  // A lean row is not hydrated, so that no other hook sees it.
  schema.post(['find', 'findOne', 'findOneAndUpdate', 'findOneAndReplace', 'findOneAndDelete'], function (found) {
    if (!this.mongooseOptions().lean) return
    for (const row of [found].flat()) if (isObject(row)) open(row)
  })
}

function where (table, filter) {
  const sent = {}
  const also = []
  for (const [name, wanted] of Object.entries(filter ?? {})) {
    if (LOGIC.has(name)) sent[name] = wanted.map((inner) => where(table, inner))
    else if (table.columns.has(name)) also.push(...conditions(table, name, wanted))
    else sent[name] = wanted
  }
  return also.length === 0 ? sent : { $and: [...(Object.keys(sent).length === 0 ? [] : [sent]), ...also] }
}

function conditions (table, column, wanted) {
  const among = (values) => {
    const found = values.map((value) => table.search(column, value))
    return [found[0]?.column ?? column, found.flatMap(({ tokens }) => tokens)]
  }
  if (wanted === null) return [{ [column]: null }]
  const isFilter = isObject(wanted) && Object.keys(wanted).some((name) => name.startsWith('$'))
  return Object.entries(isFilter ? wanted : { $eq: wanted }).map(([kind, value]) => {
    if (kind === '$exists' || (value === null && (kind === '$eq' || kind === '$ne'))) return { [column]: { [kind]: value } }
    if (!['$eq', '$ne', '$in', '$nin'].includes(kind)) return refuse(`${column}: ${kind}`)
    const [compared, tokens] = among(kind === '$eq' || kind === '$ne' ? [value] : value)
    return { [compared]: { [kind === '$eq' || kind === '$in' ? '$in' : '$nin']: tokens } }
  })
}

function update (table, given, recordId) {
  if (Array.isArray(given)) return refuse('an update by a pipeline')
  const sent = {}
  for (const [name, change] of Object.entries(given ?? {})) {
    if (!name.startsWith('$')) sent.$set = { ...sent.$set, [name]: change }
    else if (name === '$set' || name === '$setOnInsert') sent[name] = { ...sent[name], ...change }
    else sent[name] = change
  }
  for (const [name, change] of Object.entries(sent)) {
    const touched = Object.keys(change).filter((path) => table.columns.has(path.split('.')[0]))
    if (name === '$set' || name === '$setOnInsert') {
      if (touched.some((path) => path.includes('.'))) refuse('a part of an encrypted path')
      if (table.idColumns.some((column) => name === '$set' && column in change)) {
        throw new FieldwardError('record_id_unexpected', { kind: 'misuse', message: 'what is bound to a record id does not move with an update' })
      }
      sent[name] = table.seal(change, recordId)
    } else if (name === '$unset') {
      const indexes = touched.flatMap((path) => table.columns.get(path).indexes.map(({ column }) => [column, 1]))
      sent[name] = { ...change, ...Object.fromEntries(indexes) }
    } else if (touched.length > 0) {
      refuse(`${touched[0]}: ${name}`)
    }
  }
  return sent
}

module.exports = { Table, encrypted }
