'use strict'

class FieldwardError extends Error {
  /** @param {string} code @param {{kind?: string, message?: string, isRetryable?: boolean, detail?: string, row?: number, cause?: unknown}} said */
  constructor (code, said = {}) {
    const { kind = 'other', message = code, isRetryable = false, detail, row, cause } = said
    super(detail === undefined ? message : `${message} (${detail})`, cause === undefined ? undefined : { cause })
    this.code = code
    this.kind = kind
    this.isRetryable = isRetryable
    if (detail !== undefined) this.detail = detail
    if (row !== undefined) this.row = row
  }
}
Object.defineProperty(FieldwardError.prototype, 'name', { value: 'FieldwardError', configurable: true, writable: true })

/** What the native module calls. */
function makeError (code, kind, message, isRetryable, detail, row, cause) {
  return new FieldwardError(code, {
    kind, message, isRetryable, detail: detail ?? undefined, row: row ?? undefined, cause: cause ?? undefined
  })
}

module.exports = { FieldwardError, makeError }
