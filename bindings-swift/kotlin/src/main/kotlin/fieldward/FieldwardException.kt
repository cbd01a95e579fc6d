package fieldward

import fieldward.ffi.Failure
import fieldward.ffi.InternalException
import java.nio.charset.CharacterCodingException

/**
 * An error of the library: act on the class, log the [code]. Its message never holds data: no plaintext, no key, no ciphertext, no query.
 *
 * Where a provider, store or sink of yours failed, what it threw is the [cause], with whatever its message says.
 *
 * @property code the stable code of the registry, such as `key_destroyed`.
 * @property isRetryable whether the same call may succeed later with nothing changed by the caller.
 * @property row the row that it concerns, from 0, where many went in; else null.
 */
sealed class FieldwardException private constructor(
    val code: String,
    message: String,
    val isRetryable: Boolean,
    val row: Int?,
    cause: Throwable?,
) : Exception(message, cause) {
    protected constructor(failure: Failure.Of) :
        this(failure.code, failure.text, failure.isRetryable, failure.row?.toInt(), (failure.thrown as? Kept)?.throwable)

    /** The program calls the library wrongly; never caused by data. A closed handle is `closed`. */
    class Misuse internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** A value, record or query does not fit its declaration. */
    class Input internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** A schema is wrong. */
    class Schema internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** What is stored is not an envelope of this field; visible without a key. */
    class Envelope internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** An envelope, wrapped key or document did not authenticate. One opaque case. */
    class Authentication internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** The key's state forbids the use, or the key is unknown. */
    class Key internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** The keyring document, or a life-cycle call on it. */
    class Keyring internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** A key provider. A [KeyProvider] of yours throws it to say what happened. */
    class Provider internal constructor(failure: Failure.Of) : FieldwardException(failure) {
        /**
         * An error of this code: `provider_unavailable` (retryable), `provider_denied`, `provider_wrong_key`, `provider_bad_reply`.
         * `IllegalArgumentException` for a code of another kind.
         */
        constructor(code: String) : this(ofKind("provider", code))
    }

    /** A key store or a pin. A [KeyStore] of yours throws it to say what happened. */
    class Store internal constructor(failure: Failure.Of) : FieldwardException(failure) {
        /**
         * An error of this code: `store_unavailable`, `store_timeout`, `store_full` (retryable), `store_denied`, `store_corrupt`.
         * `IllegalArgumentException` for a code of another kind.
         */
        constructor(code: String) : this(ofKind("store", code))
    }

    /** The audit log. */
    class Audit internal constructor(failure: Failure.Of) : FieldwardException(failure)

    /** The operating system, or the library itself (`internal`). */
    class System internal constructor(failure: Failure.Of) : FieldwardException(failure)

    internal companion object {
        fun of(failure: Failure.Of): FieldwardException = when (failure.kind) {
            "misuse" -> Misuse(failure)
            "input" -> Input(failure)
            "schema" -> Schema(failure)
            "envelope" -> Envelope(failure)
            "authentication" -> Authentication(failure)
            "key" -> Key(failure)
            "keyring" -> Keyring(failure)
            "provider" -> Provider(failure)
            "store" -> Store(failure)
            "audit" -> Audit(failure)
            else -> System(failure)
        }

        /** The library's own error of this code. */
        fun known(code: String, detail: String? = null, row: Int? = null): Failure.Of {
            try {
                fieldward.ffi.refuse(code, detail, row?.toULong())
            } catch (failure: Failure.Of) {
                return failure
            }
            error("unreachable")
        }

        private fun ofKind(kind: String, code: String): Failure.Of {
            val failure = known(code)
            require(failure.kind == kind) { "no code of a $kind" }
            return failure
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
internal fun refuse(code: String, detail: String? = null, row: Int? = null): Nothing =
    throw FieldwardException.of(FieldwardException.known(code, detail, row))
