package fieldward

import fieldward.ffi.Failure
import fieldward.ffi.InternalException
import java.nio.charset.CharacterCodingException

/**
 * An error of the library: act on the class, log the [code]. Never holds data: no plaintext, no key, no ciphertext, no query.
 *
 * @property code the stable code of the registry, such as `key_destroyed`.
 * @property isRetryable whether the same call may succeed later with nothing changed by the caller.
 * @property row the row that it concerns, from 0, where many went in; else null.
 */
sealed class FieldwardException(
    val code: String,
    message: String,
    val isRetryable: Boolean,
    val row: Int? = null,
    cause: Throwable? = null,
) : Exception(message, cause) {
    /** The program calls the library wrongly; never caused by data. A closed handle is `closed`. */
    class Misuse internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** A value, record or query does not fit its declaration. */
    class Input internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** A schema is wrong. */
    class Schema internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** What is stored is not an envelope of this field; visible without a key. */
    class Envelope internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** An envelope, wrapped key or document did not authenticate. One opaque case. */
    class Authentication internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** The key's state forbids the use, or the key is unknown. */
    class Key internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** The keyring document, or a life-cycle call on it. */
    class Keyring internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /**
     * A key provider. A [KeyProvider] of yours throws it with a code such as `provider_denied` or `provider_unavailable`; whatever else
     * it throws is `provider_unavailable`.
     */
    class Provider(code: String, message: String = code, isRetryable: Boolean = false, row: Int? = null) :
        FieldwardException(code, message, isRetryable, row)

    /** A key store or a pin. */
    class Store internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** The audit log. */
    class Audit internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    /** The operating system, or the library itself (`internal`). */
    class System internal constructor(code: String, message: String, isRetryable: Boolean, row: Int?) :
        FieldwardException(code, message, isRetryable, row)

    internal companion object {
        fun of(failure: Failure.Of): FieldwardException = with(failure) {
            val row = row?.toInt()
            when (kind) {
                "misuse" -> Misuse(code, text, isRetryable, row)
                "input" -> Input(code, text, isRetryable, row)
                "schema" -> Schema(code, text, isRetryable, row)
                "envelope" -> Envelope(code, text, isRetryable, row)
                "authentication" -> Authentication(code, text, isRetryable, row)
                "key" -> Key(code, text, isRetryable, row)
                "keyring" -> Keyring(code, text, isRetryable, row)
                "provider" -> Provider(code, text, isRetryable, row)
                "store" -> Store(code, text, isRetryable, row)
                "audit" -> Audit(code, text, isRetryable, row)
                else -> System(code, text, isRetryable, row)
            }
        }
    }
}

/** Runs a call into the library; its errors come out as [FieldwardException], and a panic as the code `internal`, without its text. */
internal inline fun <T> guarded(call: () -> T): T =
    try {
        call()
    } catch (failure: Failure.Of) {
        throw FieldwardException.of(failure)
    } catch (_: CharacterCodingException) {
        refuse("invalid_text")
    } catch (_: InternalException) {
        refuse("internal")
    }

/** Throws the library's own error of this code. */
internal fun refuse(code: String, detail: String? = null, row: Int? = null): Nothing {
    try {
        fieldward.ffi.refuse(code, detail, row?.toULong())
    } catch (failure: Failure.Of) {
        throw FieldwardException.of(failure)
    }
    error("unreachable")
}
