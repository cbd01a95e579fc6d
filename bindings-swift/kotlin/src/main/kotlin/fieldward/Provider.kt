package fieldward

import fieldward.ffi.HostProvider
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import fieldward.ffi.Provider as Ffi

/**
 * A key provider of yours: an HSM, a KMS, a platform's key store. It wraps and unwraps one small secret with a key that it never gives
 * out. Calls come on a thread that may wait, one for each opening of the keyring. They must not wait for that keyring:
 * `invalid_argument`.
 *
 * Bind the context: pass [WrapContext.data] as associated data, or [WrapContext.pairs], so that another context does not open what was
 * wrapped. Throw [FieldwardException.Provider] to say what happened; a `SecurityException` is `provider_denied`, whatever else is thrown
 * `provider_unavailable`. It is the cause of what the caller sees.
 */
interface KeyProvider {
    /** What kind of provider it is: stands in the document, and must be the same when it is opened. */
    val kind: String

    /** The name of its key: not secret, stands in the document, and must be the same when it is opened. */
    val keyName: String

    /** Wraps 32 bytes. The array is wiped when the call returns. */
    suspend fun wrap(secret: ByteArray, context: WrapContext): ByteArray

    /** Gives back the 32 bytes that [wrap] got. The array is wiped once it was taken over. */
    suspend fun unwrap(wrapped: ByteArray, context: WrapContext): ByteArray
}

/** What a wrapped secret is bound to. */
class WrapContext internal constructor(context: fieldward.ffi.WrapContext) {
    /** The keyring's id. */
    val keyringId: String = context.keyringId

    /** The root epoch. */
    val epoch: UInt = context.epoch

    /** What the secret is: `root`. */
    val purpose: String = context.purpose

    /** Names and values, for services that take an encryption context. */
    val pairs: Map<String, String> = context.pairs

    /** Canonical bytes, for mechanisms that take associated data. */
    val data: ByteArray = context.data
}

/** What wraps the root of a keyring. `toString` shows its kind only. */
class Provider internal constructor(private val inner: Ffi, private val host: ((Opening) -> Ffi)? = null) {
    /** The kind that stands in documents. */
    val kind: String get() = guarded { inner.kind() }

    /** The name that stands in documents: tells the key apart without telling it. */
    val keyName: String get() = guarded { inner.keyName() }

    internal fun of(opening: Opening): Ffi = host?.invoke(opening) ?: inner

    override fun toString(): String = "Provider($kind)"

    companion object {
        /** A key of exactly 32 bytes, copied. The caller's array is the caller's to wipe. */
        fun local(key: ByteArray): Provider = guarded { Provider(Ffi.local(key)) }

        /** A fresh key that this process alone knows: for tests and first steps. */
        fun generated(): Provider = guarded { Provider(Ffi.generated()) }

        /** The text form of a key, `fwk1.` and unpadded base64url: from a secret service, or a variable of the environment. */
        fun keyText(text: String): Provider = guarded { Provider(Ffi.keyText(text)) }

        /** The text form of a key, in a file that only its owner can read. */
        fun keyFile(path: String): Provider = guarded { Provider(Ffi.keyFile(path)) }

        /** Makes a key file with a fresh key, readable by its owner only. A file that exists is left alone and refused. */
        fun newKeyFile(path: String): Provider = guarded { Provider(Ffi.newKeyFile(path)) }

        /** One key file for each root epoch in a directory that exists, so that the key of an epoch can be destroyed. */
        fun keyDirectory(directory: String, name: String): Provider =
            guarded { Provider(Ffi.keyDirectory(directory, name)) }

        /** A passphrase of 8 to 1,024 bytes of UTF-8, by PBKDF2; the library's number of iterations unless said otherwise. */
        fun passphrase(
            name: String,
            passphrase: String,
            hash: PassphraseHash = PassphraseHash.SHA_256,
            iterations: UInt? = null,
        ): Provider = guarded {
            Provider(Ffi.passphrase(name, passphrase.encodeToByteArray(throwOnInvalidSequence = true), hash == PassphraseHash.SHA_512, iterations))
        }

        /** A provider of yours. One that does not answer within [timeout] is cancelled: `provider_unavailable`. */
        fun of(provider: KeyProvider, timeout: Duration = 60.seconds): Provider = guarded {
            val host = { opening: Opening -> Ffi.host(provider.kind, provider.keyName, Host(provider, timeout, opening)) }
            Provider(host(Opening()), host)
        }
    }
}

/** The hash of PBKDF2. */
enum class PassphraseHash {
    /** 600,000 iterations unless said otherwise. */
    SHA_256,

    /** 220,000 iterations unless said otherwise. */
    SHA_512,
}

private class Host(private val provider: KeyProvider, private val timeout: Duration, private val opening: Opening) :
    HostProvider {
    override fun wrap(secret: ByteArray, context: fieldward.ffi.WrapContext): ByteArray =
        opening.ask(timeout, Codes.PROVIDER) {
            try {
                provider.wrap(secret, WrapContext(context)).within("provider_bad_reply")
            } finally {
                secret.fill(0)
            }
        }

    override fun unwrap(wrapped: ByteArray, context: fieldward.ffi.WrapContext): ByteArray =
        opening.ask(timeout, Codes.PROVIDER) { provider.unwrap(wrapped, WrapContext(context)).within("provider_bad_reply") }
}
